import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { HoldFile } from '#lib/server/hold-file.js'
import { atEnd } from '../helpers/cli-cleanup.js'
import { until, within } from '../helpers/wait.js'
import { tempFolder } from '../helpers/watch-folder.js'

/** The poll has no part in what a test shows with this one. */
const NEVER_MS = 2 ** 31 - 1
const OFTEN_MS = 10
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A HoldFile with all that it has told. */
class Held {
  readonly told: boolean[] = []
  readonly file: HoldFile
  #wake: () => void = () => {}

  constructor(t: TestContext, path: string, pollMs = NEVER_MS) {
    this.file = new HoldFile(path, pollMs, present => {
      assert.equal(this.file.present, present)
      this.told.push(present)
      this.#wake()
    })
    atEnd(t, () => this.file.close())
  }

  /** Resolves when this is the state, which it may be already. */
  async becomes(present: boolean): Promise<void> {
    const seen = new Promise<void>(resolve => {
      this.#wake = () => (this.file.present === present ? resolve() : undefined)
      this.#wake()
    })
    await within(seen, `to see that the file is ${present ? 'there' : 'gone'}`)
  }
}

/** Resolves when all events so far have come: the system tells them in order. */
async function settled(t: TestContext): Promise<void> {
  const path = join(tempFolder(t), 'marker')
  const marker = new Held(t, path)
  touch(path)
  await marker.becomes(true)
  marker.file.close()
  await tick()
}

/** Resolves outside of what tells events: only then has the system lost the watches that were closed there. */
function tick(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function touch(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
}

function remove(path: string): void {
  rmSync(path, { recursive: true })
}

/** Replaces a function of node:fs, also for those that have imported it by name; the test's end undoes it. */
function replace<K extends 'watch' | 'lstatSync' | 'stat'>(
  t: TestContext,
  name: K,
  make: unknown
): () => void {
  const mock = t.mock.method(fs, name, make as never)
  syncBuiltinESMExports()
  const restore = (): void => {
    mock.mock.restore()
    syncBuiltinESMExports()
  }
  atEnd(t, restore)
  return restore
}

/** Each path in this folder that is looked at from now on. */
function looksInto(t: TestContext, folder: string): readonly string[] {
  const paths: string[] = []
  const { lstatSync } = fs
  replace(t, 'lstatSync', (path: string) => {
    if (dirname(path) === folder) paths.push(path)
    return lstatSync(path)
  })
  return paths
}

/** From now on the file system does not answer the poll: so whatever is told was seen by watching. */
function noPoll(t: TestContext): void {
  replace(t, 'stat', () => {})
}

/** Has this one folder not be watched, until it is allowed. */
function refuseToWatch(
  t: TestContext,
  folder: string
): { allowed: boolean; refused: number; watched: number } {
  const state = { allowed: false, refused: 0, watched: 0 }
  const { watch } = fs
  replace(t, 'watch', (...args: Parameters<typeof watch>) => {
    if (args[0] !== folder) return watch(...args)
    if (state.allowed) {
      state.watched++
      return watch(...args)
    }
    state.refused++
    throw failure('EMFILE')
  })
  return state
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: made for the test`), { code })
}

/** How many folders the system watches for this process. */
function watches(): number {
  let count = 0
  for (const descriptor of readdirSync('/proc/self/fd')) {
    try {
      if (!readlinkSync(`/proc/self/fd/${descriptor}`).includes('inotify')) continue
      count += readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8').split('inotify wd:').length - 1
    } catch {
      // The one of the list itself is closed by now.
    }
  }
  return count
}

const linux = { skip: existsSync('/proc/self/fdinfo') ? false : 'reads /proc' }

test('it says at once whether the file is there: whatever exists counts', t => {
  const folder = tempFolder(t, { file: '' })
  mkdirSync(join(folder, 'folder'))
  symlinkSync('file', join(folder, 'link'))
  symlinkSync('missing', join(folder, 'dangling'))
  symlinkSync('loop', join(folder, 'loop'))
  const present = (name: string): boolean => new Held(t, join(folder, name)).file.present
  for (const name of ['file', 'folder', 'link', 'folder/../file']) assert.equal(present(name), true, name)
  const absent = ['missing', 'dangling', 'loop', 'loop/file', 'file/below', 'missing/below', 'x'.repeat(300)]
  for (const name of absent) assert.equal(present(name), false, name)
  // As fixtures of the working folder: what the command line gives is relative.
  assert.equal(new Held(t, relative(process.cwd(), join(folder, 'file'))).file.present, true)
})

test('creating, removing and renaming the file is told', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'balance')
  const held = new Held(t, path)
  for (let i = 0; i < 3; i++) {
    touch(path)
    await held.becomes(true)
    unlinkSync(path)
    await held.becomes(false)
    touch(join(folder, 'other'))
    renameSync(join(folder, 'other'), path)
    await held.becomes(true)
    renameSync(path, join(folder, 'other'))
    await held.becomes(false)
    mkdirSync(path)
    await held.becomes(true)
    remove(path)
    await held.becomes(false)
  }
  assert.deepEqual(
    held.told,
    Array.from({ length: 18 }, (_, i) => i % 2 === 0)
  )
})

test('a file that is written to, or replaced by another, is no change', async t => {
  const folder = tempFolder(t, { balance: '', other: '' })
  const held = new Held(t, join(folder, 'balance'))
  const looks = looksInto(t, folder)
  for (let i = 0; i < 100; i++) writeFileSync(join(folder, 'balance'), 'text')
  await settled(t)
  assert.deepEqual(looks, [])
  renameSync(join(folder, 'other'), join(folder, 'balance'))
  await settled(t)
  assert.deepEqual(held.told, [])
  unlinkSync(join(folder, 'balance'))
  await held.becomes(false)
})

test('missing folders above the file may appear one by one, or all at once', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/c/balance')
  const held = new Held(t, path)
  for (const name of ['a', 'a/b', 'a/b/c']) {
    mkdirSync(join(folder, name))
    await settled(t)
  }
  assert.deepEqual(held.told, [])
  touch(path)
  await held.becomes(true)
  remove(join(folder, 'a'))
  await held.becomes(false)
  touch(path)
  await held.becomes(true)
  unlinkSync(path)
  await held.becomes(false)
})

test('a folder above the file may be renamed, away and into its place', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/c/balance')
  touch(path)
  const held = new Held(t, path)
  for (const name of ['a', 'a/b', 'a/b/c']) {
    renameSync(join(folder, name), join(folder, 'aside'))
    await held.becomes(false)
    // What goes on in the folder that was there is of no interest now.
    touch(join(folder, 'aside/balance'))
    await settled(t)
    assert.equal(held.file.present, false)
    renameSync(join(folder, 'aside'), join(folder, name))
    await held.becomes(true)
    unlinkSync(path)
    await held.becomes(false)
    touch(path)
    await held.becomes(true)
  }
})

test('a folder that is removed and made again in one go is watched, whatever its inode number', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/balance')
  touch(path)
  const held = new Held(t, path)
  for (let i = 0; i < 20; i++) {
    remove(join(folder, i % 2 === 0 ? 'a' : 'a/b'))
    touch(path)
    await settled(t)
    assert.equal(held.file.present, true)
    unlinkSync(path)
    await held.becomes(false)
    touch(path)
    await held.becomes(true)
  }
})

for (const kind of ['absolute', 'relative'] as const) {
  test(`a link to a folder may be switched, and changes count where it leads: ${kind}`, async t => {
    const folder = tempFolder(t)
    const [one, two] = [join(folder, 'releases/1'), join(folder, 'releases/2')]
    touch(join(one, 'run/balance'))
    mkdirSync(join(two, 'run'), { recursive: true })
    const link = (target: string): void => {
      const there = join(folder, 'up/current')
      mkdirSync(dirname(there), { recursive: true })
      symlinkSync(kind === 'absolute' ? target : relative(dirname(there), target), `${there}.new`)
      renameSync(`${there}.new`, there)
    }
    link(one)
    const held = new Held(t, join(folder, 'up/current/run/balance'))
    assert.equal(held.file.present, true)
    link(two)
    await held.becomes(false)
    unlinkSync(join(one, 'run/balance'))
    touch(join(one, 'run/balance'))
    await settled(t)
    assert.deepEqual(held.told, [false])
    touch(join(two, 'run/balance'))
    await held.becomes(true)
    remove(two)
    await held.becomes(false)
    link(one)
    await held.becomes(true)
    unlinkSync(join(folder, 'up/current'))
    await held.becomes(false)
  })
}

test('the file may be a link, and its end appear and vanish', async t => {
  const folder = tempFolder(t)
  symlinkSync('there', join(folder, 'first'))
  symlinkSync(join(folder, 'first'), join(folder, 'balance'))
  const held = new Held(t, join(folder, 'balance'))
  touch(join(folder, 'there'))
  await held.becomes(true)
  unlinkSync(join(folder, 'there'))
  await held.becomes(false)
  unlinkSync(join(folder, 'first'))
  touch(join(folder, 'first'))
  await held.becomes(true)
  unlinkSync(join(folder, 'first'))
  symlinkSync('balance', join(folder, 'first'))
  await held.becomes(false)
})

test('200 quick changes end in the true state, and each that is told is one', async t => {
  const path = join(tempFolder(t), 'balance')
  const held = new Held(t, path)
  for (const last of [true, false, true]) {
    for (let i = 0; i < 100; i++) {
      touch(path)
      unlinkSync(path)
      // Now and then, so that changes come in bursts of all lengths.
      if (i % 7 === 0) await tick()
    }
    if (last) touch(path)
    await settled(t)
    assert.equal(held.file.present, last)
    if (last) unlinkSync(path)
    await settled(t)
  }
  assert.deepEqual(
    held.told,
    held.told.map((_, i) => i % 2 === 0)
  )
})

test('the same for the folder above: 200 quick renames', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/balance')
  touch(path)
  const held = new Held(t, path)
  for (let i = 0; i < 200; i++) {
    renameSync(join(folder, 'a'), join(folder, 'b'))
    renameSync(join(folder, 'b'), join(folder, 'a'))
    if (i % 7 === 0) await tick()
  }
  await settled(t)
  assert.equal(held.file.present, true)
  unlinkSync(path)
  await held.becomes(false)
  assert.deepEqual(
    held.told,
    held.told.map((_, i) => i % 2 === 1)
  )
})

test('how long it takes to see a change', async t => {
  const path = join(tempFolder(t), 'run/balance')
  mkdirSync(dirname(path))
  const held = new Held(t, path)
  const latencies: number[] = []
  for (let i = 0; i < 100; i++) {
    const since = performance.now()
    if (i % 2 === 0) touch(path)
    else unlinkSync(path)
    await held.becomes(i % 2 === 0)
    latencies.push(performance.now() - since)
  }
  latencies.sort((a, b) => a - b)
  const [median, most] = [latencies[50] ?? 0, latencies[99] ?? 0]
  t.diagnostic(`of 100 changes: median ${median.toFixed(2)} ms, longest ${most.toFixed(2)} ms`)
  assert.equal(held.told.length, 100)
})

test('what else goes on in a busy folder is not looked at', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'balance')
  const held = new Held(t, path)
  const looks = looksInto(t, folder)
  for (let i = 0; i < 500; i++) {
    touch(`${path}.${i}`)
    unlinkSync(`${path}.${i}`)
  }
  await settled(t)
  assert.deepEqual(looks, [])
  touch(path)
  await held.becomes(true)
  assert.deepEqual(looks, [path])
})

test('where nothing can be watched, the poll sees changes; where it can again, watching does', async t => {
  const path = join(tempFolder(t), 'a/balance')
  const restore = replace(t, 'watch', () => {
    throw failure('ENOSPC')
  })
  const held = new Held(t, path, OFTEN_MS)
  touch(path)
  await held.becomes(true)
  remove(dirname(path))
  await held.becomes(false)
  const before = process.platform === 'linux' ? watches() : 0
  restore()
  if (process.platform === 'linux') await until(() => watches() > before)
  touch(path)
  await held.becomes(true)
})

test('where one folder on the way cannot be watched, the others are', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/balance')
  mkdirSync(dirname(path))
  refuseToWatch(t, folder)
  const held = new Held(t, path)
  touch(path)
  await held.becomes(true)
  unlinkSync(path)
  await held.becomes(false)
})

test('what is not on the way any more is not watched, also where nobody saw it go', linux, async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/balance')
  mkdirSync(dirname(path), { recursive: true })
  refuseToWatch(t, folder)
  const held = new Held(t, path, OFTEN_MS)
  const before = watches()
  renameSync(join(folder, 'a'), join(folder, 'aside'))
  await until(() => watches() === before - 2)
  assert.deepEqual(held.told, [])
})

test('a change behind a folder that cannot be watched is found by the poll, and what is there then is watched', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/balance')
  touch(path)
  const unwatched = refuseToWatch(t, folder)
  const held = new Held(t, path, OFTEN_MS)
  renameSync(join(folder, 'a'), join(folder, 'aside'))
  await held.becomes(false)
  touch(path)
  await held.becomes(true)
  noPoll(t)
  unlinkSync(path)
  await held.becomes(false)
  assert.ok(unwatched.refused > 1)
})

test('when a folder can be watched at last, those behind it are watched anew: they may be others by now', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/balance')
  touch(path)
  const unwatched = refuseToWatch(t, folder)
  const held = new Held(t, path, OFTEN_MS)
  // Nobody sees this, and the answer is the same.
  renameSync(join(folder, 'a'), join(folder, 'aside'))
  touch(path)
  unwatched.allowed = true
  await until(() => unwatched.watched > 0)
  noPoll(t)
  unlinkSync(path)
  await held.becomes(false)
  assert.deepEqual(held.told, [false])
})

test('an error of a watch is none of the program: the poll goes on, and watching begins again', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'balance')
  const { watch } = fs
  const watchers: fs.FSWatcher[] = []
  replace(t, 'watch', (...args: Parameters<typeof watch>) => {
    const watcher = watch(...args)
    watchers.push(watcher)
    return watcher
  })
  const held = new Held(t, path, OFTEN_MS)
  const { length } = watchers
  for (const watcher of [...watchers]) watcher.emit('error', failure('EMFILE'))
  await until(() => watchers.length >= 2 * length)
  noPoll(t)
  touch(path)
  await held.becomes(true)
})

for (const code of ['EACCES', 'EIO', 'ESTALE']) {
  test(`${code} says nothing of the file: the last state holds, and before there was one it is absent`, async t => {
    const folder = tempFolder(t)
    const path = join(folder, 'balance')
    touch(path)
    const held = new Held(t, path, OFTEN_MS)
    let asked = 0
    const { lstatSync, stat } = fs
    const restores = [
      replace(t, 'lstatSync', (target: string) => {
        if (target === path) throw failure(code)
        return lstatSync(target)
      }),
      replace(t, 'stat', (_target: string, done: (error: Error) => void) => {
        asked++
        setImmediate(done, failure(code))
      })
    ]
    assert.equal(new Held(t, path).file.present, false)
    unlinkSync(path)
    await settled(t)
    const before = asked
    await until(() => asked > before + 2)
    assert.deepEqual(held.told, [])
    for (const restore of restores) restore()
    assert.equal(fs.stat, stat)
    await held.becomes(false)
  })
}

test('what watching does not tell, as on file systems of other machines, the poll finds', async t => {
  const path = join(tempFolder(t), 'balance')
  const { watch } = fs
  replace(t, 'watch', (folder: string, options: fs.WatchOptions) => watch(folder, options))
  const held = new Held(t, path, OFTEN_MS)
  for (const present of [true, false, true]) {
    if (present) touch(path)
    else unlinkSync(path)
    await held.becomes(present)
  }
  assert.deepEqual(held.told, [true, false, true])
})

test('a poll that gets no answer is not repeated meanwhile', async t => {
  const path = join(tempFolder(t), 'balance')
  const answers: ((error: Error | null) => void)[] = []
  const { stat } = fs
  replace(t, 'stat', (_target: string, done: (error: Error | null) => void) => answers.push(done))
  const held = new Held(t, path, 1)
  await until(() => answers.length === 1)
  // Watching goes on.
  touch(path)
  await held.becomes(true)
  let ticks = 0
  const ticking = setInterval(() => ticks++, 1)
  atEnd(t, () => clearInterval(ticking))
  await until(() => ticks > 20)
  assert.equal(answers.length, 1)
  // An answer that is older than what was seen since changes nothing.
  answers[0]?.(failure('ENOENT'))
  await until(() => answers.length === 2)
  assert.deepEqual(held.told, [true])
  held.file.close()
  unlinkSync(path)
  answers[1]?.(failure('ENOENT'))
  assert.deepEqual(held.told, [true])
  assert.notEqual(fs.stat, stat)
})

test('when it is closed, no watch is left and nothing is told', linux, async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/b/balance')
  const before = watches()
  const held = new Held(t, path, OFTEN_MS)
  assert.ok(watches() > before)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync('b', join(folder, 'a/c'))
  touch(path)
  await held.becomes(true)
  renameSync(join(folder, 'a/b'), join(folder, 'a/d'))
  symlinkSync('d', join(folder, 'a/b'))
  await settled(t)
  unlinkSync(path)
  held.file.close()
  held.file.close()
  assert.equal(watches(), before)
  const { length } = held.told
  touch(path)
  await settled(t)
  assert.equal(held.told.length, length)
  assert.equal(watches(), before)
})

test('it may be closed by what it tells', linux, async t => {
  const path = join(tempFolder(t), 'balance')
  const before = watches()
  const told: boolean[] = []
  const file = new HoldFile(path, NEVER_MS, present => {
    told.push(present)
    file.close()
  })
  touch(path)
  await until(() => told.length === 1)
  unlinkSync(path)
  await settled(t)
  assert.deepEqual(told, [true])
  assert.equal(watches(), before)
})

test('a hundred changes of the way leave no more watches than there were', linux, async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'a/balance')
  touch(path)
  const held = new Held(t, path)
  const before = watches()
  for (let i = 0; i < 100; i++) {
    renameSync(join(folder, 'a'), join(folder, `a${i}`))
    touch(path)
  }
  await settled(t)
  assert.equal(held.file.present, true)
  assert.equal(watches(), before)
})

test('it keeps no process alive', t => {
  const path = join(tempFolder(t), 'balance')
  const code = `import { HoldFile } from '#lib/server/hold-file.js'; new HoldFile(${JSON.stringify(path)}, 1000, () => {})`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, timeout: 30_000 })
})
