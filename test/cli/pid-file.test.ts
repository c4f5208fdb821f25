import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PidFile } from '#lib/cli/pid-file.js'
import { UpError } from '#lib/errors.js'
import { startProcess } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

const OURS = `${process.pid}\n`
const MODULE = new URL('../../../dist/lib/cli/pid-file.js', import.meta.url).href

function refuses(action: () => void, message: RegExp): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(error instanceof UpError)
    assert.equal(error.code, 'UP_ERR_PID_FILE')
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
}

/** Another process that looks like an `up`; returns its pid. */
async function otherUp(t: TestContext): Promise<number> {
  const folder = tempFolder(t, { 'up.js': `console.log('here'); setInterval(() => {}, 1000)` })
  const other = startProcess(t, process.execPath, [join(folder, 'up.js')])
  await other.line(/here/)
  return other.pid
}

/** The pid of a process that is gone. */
async function deadPid(t: TestContext): Promise<number> {
  const other = startProcess(t, process.execPath, ['-e', ''])
  await other.exited
  return other.pid
}

test('It holds the pid and a line end, and is removed at release', t => {
  const folder = tempFolder(t)
  const file = new PidFile(join(folder, 'up.pid'))
  file.check()
  assert.deepEqual(readdirSync(folder), [], 'a check writes nothing')
  file.acquire()
  assert.equal(readFileSync(file.path, 'utf8'), OURS)
  assert.deepEqual(readdirSync(folder), ['up.pid'])
  file.release()
  assert.deepEqual(readdirSync(folder), [])
})

test('A file of a process that is gone is replaced, and an empty one', async t => {
  for (const text of [`${await deadPid(t)}\n`, String(await deadPid(t)), '', '\n']) {
    const folder = tempFolder(t, { 'up.pid': text })
    const file = new PidFile(join(folder, 'up.pid'))
    file.check()
    file.acquire()
    assert.equal(readFileSync(file.path, 'utf8'), OURS)
    assert.deepEqual(readdirSync(folder), ['up.pid'])
  }
})

test('A file of a live process that is no up is replaced', { skip: noProc() }, async t => {
  const other = startProcess(t, process.execPath, ['-e', `console.log('here'); setInterval(() => {}, 1000)`])
  await other.line(/here/)
  for (const pid of [other.pid, process.pid, process.ppid]) {
    const file = new PidFile(join(tempFolder(t, { 'up.pid': `${pid}\n` }), 'up.pid'))
    file.acquire()
    assert.equal(readFileSync(file.path, 'utf8'), OURS)
  }
})

test('A file of a live up is refused', async t => {
  const pid = await otherUp(t)
  const file = new PidFile(join(tempFolder(t, { 'up.pid': `${pid}\n` }), 'up.pid'))
  const message = new RegExp(`up\\.pid belongs to another up that is running, with pid ${pid}$`)
  refuses(() => file.check(), message)
  refuses(() => file.acquire(), message)
  file.release()
  assert.equal(readFileSync(file.path, 'utf8'), `${pid}\n`)
  assert.deepEqual(readdirSync(join(file.path, '..')), ['up.pid'])
})

test('A file that is older than the up which has its pid now is replaced', { skip: noProc() }, async t => {
  const pid = await otherUp(t)
  const file = new PidFile(join(tempFolder(t, { 'up.pid': `${pid}\n` }), 'up.pid'))
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(file.path, hourAgo, hourAgo)
  file.acquire()
  assert.equal(readFileSync(file.path, 'utf8'), OURS)
})

test('A file that is no longer ours is not removed', t => {
  const folder = tempFolder(t)
  const file = new PidFile(join(folder, 'up.pid'))
  file.acquire()
  write(folder, 'up.pid', '1\n')
  file.release()
  assert.equal(readFileSync(file.path, 'utf8'), '1\n')
})

test('A file that holds something else than a pid is left alone', t => {
  const folder = tempFolder(t, { 'up.pid': '{"name":"my package"}' })
  const file = new PidFile(join(folder, 'up.pid'))
  refuses(() => file.check(), /up\.pid holds "\{\\"name\\":.*which is no pid: it is left alone$/)
  refuses(() => file.acquire(), /which is no pid/)
  assert.equal(readFileSync(file.path, 'utf8'), '{"name":"my package"}')
})

test('A folder in its place, no folder for it, or one that may not be written, is a clear error', t => {
  const folder = tempFolder(t, { file: '' })
  mkdirSync(join(folder, 'up.pid'))
  refuses(() => new PidFile(join(folder, 'up.pid')).check(), /cannot be read: it is a folder$/)
  refuses(
    () => new PidFile(join(folder, 'none/up.pid')).acquire(),
    /cannot be written: its folder does not exist$/
  )
  refuses(() => new PidFile(join(folder, 'file/up.pid')).acquire(), /what should be its folder is a file$/)
  if (process.getuid?.() === 0) return
  mkdirSync(join(folder, 'closed'))
  chmodSync(join(folder, 'closed'), 0o500)
  refuses(() => new PidFile(join(folder, 'closed/up.pid')).acquire(), /cannot be written: permission denied$/)
})

test('A link that points nowhere is replaced', t => {
  const folder = tempFolder(t)
  symlinkSync('nowhere', join(folder, 'up.pid'))
  const file = new PidFile(join(folder, 'up.pid'))
  file.acquire()
  assert.equal(readFileSync(file.path, 'utf8'), OURS)
  assert.equal(existsSync(join(folder, 'nowhere')), false)
})

test('A lock that a crash left behind does not block', t => {
  const folder = tempFolder(t, { 'up.pid.lock': '1\n' })
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(join(folder, 'up.pid.lock'), hourAgo, hourAgo)
  new PidFile(join(folder, 'up.pid')).acquire()
  assert.deepEqual(readdirSync(folder), ['up.pid'])
})

test('A lock that others keep is a clear error', t => {
  const folder = tempFolder(t, { 'up.pid.lock': '1\n' })
  refuses(
    () => new PidFile(join(folder, 'up.pid')).acquire(),
    /others are writing it, or left its \.lock file behind$/
  )
  assert.deepEqual(readdirSync(folder), ['up.pid.lock'])
})

test('Of many that start at once over a stale file exactly one wins', async t => {
  const folder = tempFolder(t, { 'up.pid': `${await deadPid(t)}\n` })
  write(
    folder,
    'bin/up.js',
    `import(${JSON.stringify(MODULE)}).then(async ({ PidFile }) => {
      const file = new PidFile(${JSON.stringify(join(folder, 'up.pid'))})
      process.stdin.once('data', () => {
        try { file.acquire(); console.log('won') } catch (error) { console.log('lost ' + error.code) }
      })
      console.log('waiting')
    })`
  )
  const starters = Array.from({ length: 8 }, () =>
    startProcess(t, process.execPath, [join(folder, 'bin/up.js')], { stdio: ['pipe', 'pipe', 'pipe'] })
  )
  for (const starter of starters) await starter.line(/waiting/)
  for (const starter of starters) starter.proc.stdin?.write('go')
  const results = await Promise.all(starters.map(async starter => (await starter.line(/won|lost.*/))[0]))
  assert.equal(results.filter(result => result === 'won').length, 1, results.join())
  assert.deepEqual(new Set(results), new Set(['won', 'lost UP_ERR_PID_FILE']))
  const winner = starters[results.indexOf('won')]
  assert.equal(readFileSync(join(folder, 'up.pid'), 'utf8'), `${winner?.pid}\n`)
  assert.deepEqual(readdirSync(folder).sort(), ['bin', 'up.pid'])
})

function noProc(): string | false {
  return existsSync('/proc/self/cmdline') ? false : 'no /proc to tell processes apart'
}
