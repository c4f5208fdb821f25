import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import type { UpServer } from '#lib/server/up-server.js'
import type { Worker } from '#lib/worker/worker.js'
import { answering, captureStderr, fixture, serve } from '../helpers/app.js'
import { Releases } from '../helpers/generations.js'
import { events, nextEvent, until, within } from '../helpers/wait.js'

/** A release that is ready when the test says so: when a file has the pid of the worker as its name. */
const GATED = `
import { existsSync, readFileSync } from 'node:fs'
const file = import.meta.dirname + '/' + process.pid
while (!existsSync(file)) await new Promise(done => setTimeout(done, 10))
if (readFileSync(file, 'utf8') === 'fail') throw new Error('told to fail')
${answering('new')}`

/** A server whose second release is a gated one. */
class GatedReload {
  readonly srv: UpServer
  readonly #folder: string
  readonly #told = new Set<Worker>()

  private constructor(srv: UpServer, folder: string) {
    this.srv = srv
    this.#folder = folder
  }

  static async prepare(t: TestContext, options: UpOptions): Promise<GatedReload> {
    const releases = new Releases(t)
    releases.deploy('old', answering('old'))
    const { srv } = await serve(t, releases.file, { strategy: 'rolling', ...options })
    releases.deploy('new', GATED)
    return new GatedReload(srv, join(releases.folder, 'new'))
  }

  /** Waits until so many workers wait at the gate; the oldest is the first. */
  async atGate(count: number): Promise<Worker[]> {
    const waiting = (): Worker[] =>
      this.srv.spawning
        .filter(worker => worker.generation > 1 && !this.#told.has(worker))
        .sort((a, b) => b.ageMs - a.ageMs)
    await until(() => waiting().length >= count)
    assert.equal(waiting().length, count)
    return waiting()
  }

  tell(worker: Worker | undefined, what: 'go' | 'fail' = 'go'): void {
    assert.ok(worker)
    this.#told.add(worker)
    writeFileSync(join(this.#folder, String(worker.pid)), what)
  }

  /** Lets the next worker become ready. */
  async pass(): Promise<Worker> {
    const [next] = await this.atGate(1)
    const ready = nextEvent(this.srv, 'spawn')
    this.tell(next)
    return ready
  }

  generations(): number[] {
    return this.srv.workers.map(({ generation }) => generation).sort()
  }
}

/** Looks at every event how many workers can serve, and how many there are that are not retired. */
function watchNumbers(srv: UpServer): { available: number[]; alive: number[] } {
  const seen = { available: [] as number[], alive: [] as number[] }
  const note = (): void => {
    // Of a generation that does not serve yet, none takes requests.
    seen.available.push(srv.workers.filter(({ generation }) => generation <= srv.generation).length)
    seen.alive.push(srv.workers.length + srv.spawning.length)
  }
  note()
  for (const event of ['spawn', 'retire', 'terminate', 'reload', 'fail'] as const) srv.on(event, note)
  return seen
}

/** Whatever follows from the last event has been done. */
const settled = (): Promise<void> => new Promise(done => setImmediate(done))

for (const [numWorkers, surge] of [
  [3, 1],
  [5, 2],
  [2, 3]
] as const) {
  test(`With 'surge' ${surge} there are never fewer than the ${numWorkers} workers, and ${surge} more at most`, async t => {
    const { srv } = await serve(t, fixture('app.mjs'), { numWorkers, strategy: 'rolling', surge })
    const { available, alive } = watchNumbers(srv)
    const { workers } = await srv.reload()
    assert.equal(workers.length, numWorkers)
    assert.equal(Math.min(...available), numWorkers)
    assert.equal(Math.max(...alive), numWorkers + Math.min(surge, numWorkers))
  })
}

test(`'surge' workers start at once, and none of the old retires before all of these are ready`, async t => {
  const gated = await GatedReload.prepare(t, { numWorkers: 3, surge: 2 })
  const { srv } = gated
  const reload = srv.reload()
  const [first, second] = await gated.atGate(2)
  const ready = nextEvent(srv, 'spawn')
  gated.tell(second)
  await ready
  await settled()
  assert.deepEqual([srv.generation, gated.generations()], [1, [1, 1, 1, 2]])
  const retired = events(srv, 'retire', 2)
  gated.tell(first)
  await retired
  assert.deepEqual(gated.generations(), [1, 2, 2])
  await gated.pass()
  assert.equal((await reload).workers.length, 3)
  assert.deepEqual(gated.generations(), [2, 2, 2])
})

test(`With 'surge' as great as the number of workers one that fails leaves everything as it was`, async t => {
  captureStderr(t)
  const gated = await GatedReload.prepare(t, { numWorkers: 2, surge: 2 })
  const { srv } = gated
  const before = srv.workers
  const reload = srv.reload()
  const [first, second] = await gated.atGate(2)
  const ready = nextEvent(srv, 'spawn')
  gated.tell(first)
  await ready
  gated.tell(second, 'fail')
  await assert.rejects(reload, { code: 'UP_ERR_RELOAD' })
  assert.deepEqual(srv.workers, before)
  assert.equal(srv.generation, 1)
  assert.deepEqual(srv.status().workers.length, 2)
})

test('An old worker that dies in the middle is replaced by its own release, before the next new one is ready', async t => {
  captureStderr(t)
  const gated = await GatedReload.prepare(t, { numWorkers: 3 })
  const { srv } = gated
  const reload = srv.reload()
  await gated.pass()
  await gated.atGate(1)
  assert.deepEqual(gated.generations(), [1, 1, 2])
  const replaced = nextEvent(srv, 'spawn')
  srv.workers.find(({ generation }) => generation === 1)?.kill()
  assert.equal((await replaced).generation, 1)
  assert.deepEqual(gated.generations(), [1, 1, 2])
  const { available } = watchNumbers(srv)
  await gated.pass()
  await gated.pass()
  assert.equal((await reload).workers.length, 3)
  assert.equal(Math.min(...available), 3)
})

test('An old worker that is dead is the first to be given up', async t => {
  captureStderr(t)
  const gated = await GatedReload.prepare(t, { numWorkers: 2, keepAlive: false })
  const { srv } = gated
  const reload = srv.reload()
  await gated.atGate(1)
  const gone = nextEvent(srv, 'terminate')
  srv.workers[1]?.kill()
  await gone
  const [left] = srv.workers
  const worker = await gated.pass()
  await gated.atGate(1)
  assert.deepEqual(new Set(srv.workers), new Set([left, worker]))
  await gated.pass()
  assert.equal((await reload).workers.length, 2)
})

test('When a new worker dies in the middle, nobody retires until it is replaced', async t => {
  captureStderr(t)
  const gated = await GatedReload.prepare(t, { numWorkers: 3 })
  const { srv } = gated
  const reload = srv.reload()
  const first = await gated.pass()
  await gated.atGate(1)
  first.kill()
  const [second, replacement] = await gated.atGate(2)
  const { available } = watchNumbers(srv)
  const ready = nextEvent(srv, 'spawn')
  gated.tell(second)
  await ready
  await settled()
  assert.deepEqual(gated.generations(), [1, 1, 2])
  const retired = nextEvent(srv, 'retire')
  gated.tell(replacement)
  assert.equal((await retired).generation, 1)
  assert.deepEqual(gated.generations(), [1, 2, 2])
  await gated.pass()
  assert.equal((await reload).workers.length, 3)
  // Two were left when the first had died; none was taken away from them.
  assert.deepEqual([available[0], Math.min(...available.slice(1))], [2, 3])
})

test('When a new worker dies in the middle and is not replaced, the reload stops there, at the full number', async t => {
  captureStderr(t)
  const gated = await GatedReload.prepare(t, { numWorkers: 3, keepAlive: false })
  const { srv } = gated
  const reload = srv.reload()
  const first = await gated.pass()
  await gated.atGate(1)
  first.kill()
  const rejected = assert.rejects(reload, { code: 'UP_ERR_RELOAD', message: /none took its place/ })
  await gated.pass()
  await rejected
  assert.deepEqual(gated.generations(), [1, 1, 2])
})

for (const keepPrevious of [false, true]) {
  const how = keepPrevious ? ', also with keepPrevious' : ''
  test(`A new worker that fails in the middle stops the reload at the full number${how}`, async t => {
    captureStderr(t)
    const gated = await GatedReload.prepare(t, { numWorkers: 4, surge: 2, keepPrevious })
    const { srv } = gated
    const { available } = watchNumbers(srv)
    const reload = srv.reload()
    for (const worker of await gated.atGate(2)) gated.tell(worker)
    await events(srv, 'spawn', 2)
    const [good, bad] = await gated.atGate(2)
    const ready = nextEvent(srv, 'spawn')
    gated.tell(good)
    await ready
    gated.tell(bad, 'fail')
    await assert.rejects(reload, { code: 'UP_ERR_RELOAD' })
    assert.deepEqual(gated.generations(), [1, 1, 2, 2])
    assert.equal(Math.min(...available), 4)
    // Its sibling is not wanted any more; those that serve are watched over as ever.
    assert.equal(good?.readyState === 'spawned', false)
    const replaced = nextEvent(srv, 'spawn')
    srv.workers.find(({ generation }) => generation === 1)?.kill()
    assert.equal((await replaced).generation, 1)
    // The next reload replaces all of them.
    const again = srv.reload()
    for (let round = 0; round < 2; round++) {
      const spawned = events(srv, 'spawn', 2)
      for (const worker of await gated.atGate(2)) gated.tell(worker)
      await spawned
    }
    assert.equal((await again).workers.length, 4)
    assert.equal(new Set(gated.generations()).size, 1)
  })
}

test('close() during a rolling reload starts no worker any more', async t => {
  const gated = await GatedReload.prepare(t, { numWorkers: 3 })
  const { srv } = gated
  const reload = srv.reload()
  await gated.pass()
  await gated.atGate(1)
  const rejected = assert.rejects(reload, { code: 'UP_ERR_CLOSED' })
  let spawned = 0
  srv.on('spawn', () => spawned++)
  await within(srv.close(), 'close()')
  await rejected
  assert.equal(spawned, 0)
  assert.deepEqual(srv.status().workers, [])
})
