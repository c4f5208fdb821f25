import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpServer } from '#lib/server/up-server.js'
import { fixture, serve } from '../helpers/app.js'
import { Load } from '../helpers/client.js'
import { processes } from '../helpers/leftovers.js'
import { until } from '../helpers/wait.js'

const app = fixture('app.mjs')

type Verb = 'reload' | 'standby' | 'canary' | 'keep' | 'promote' | 'abort' | 'rollback' | 'scale'
const VERBS: readonly Verb[] = [
  'reload',
  'standby',
  'canary',
  'keep',
  'promote',
  'abort',
  'rollback',
  'scale'
]

/** What the server should be after some calls, one after the other. */
class Model {
  current = 1
  last = 1
  standby: number | null = null
  previous: number | undefined
  /** The previous one, if its workers are kept. */
  kept: number | undefined
  keeps = false
  numWorkers = 1

  /** @returns whether the call fulfils */
  expect(verb: Verb, n: number): boolean {
    switch (verb) {
      case 'reload':
      case 'keep':
        this.standby = null
        this.#switchTo(++this.last, verb === 'keep')
        return true
      case 'standby':
      case 'canary':
        this.standby = ++this.last
        return true
      case 'promote': {
        const { standby } = this
        if (standby === null) return false
        this.standby = null
        this.#switchTo(standby, false)
        return true
      }
      case 'abort': {
        const had = this.standby !== null
        this.standby = null
        return had
      }
      case 'rollback':
        if (this.previous === undefined) return false
        this.standby = null
        this.#switchTo(this.kept ?? ++this.last, this.keeps)
        return true
      case 'scale':
        this.numWorkers = n
        return true
    }
  }

  #switchTo(generation: number, keeps: boolean): void {
    this.previous = this.current
    this.kept = keeps ? this.current : undefined
    this.current = generation
    this.keeps = keeps
  }
}

function call(srv: UpServer, verb: Verb, n: number): Promise<unknown> {
  switch (verb) {
    case 'reload':
      return srv.reload()
    case 'keep':
      return srv.reload({ keepPrevious: true })
    case 'standby':
      return srv.reload({ standby: true })
    case 'canary':
      return srv.reload({ canary: 0.5 })
    case 'scale':
      return srv.scale(n)
    default:
      return srv[verb]()
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randoms(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

for (let seed = 1; seed <= 20; seed++) {
  test(`After calls in random order, under load, the state is right, and no process is left (${seed})`, async t => {
    const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '1m' })
    const random = randoms(seed)
    const model = new Model()
    const load = new Load(port, 4, true)
    const calls: string[] = []
    const told: string[] = []
    for (let i = 0; i < 6; i++) {
      const together = random() < 0.5 ? 2 : 1
      const results: Promise<unknown>[] = []
      for (let j = 0; j < together; j++) {
        const verb = VERBS[Math.floor(random() * VERBS.length)] ?? 'reload'
        const n = 1 + Math.floor(random() * 2)
        // Two reloads of a kind, called together, may share one: that is another test's matter.
        const isRepeated = results.length > 0 && calls.at(-1)?.startsWith(`${verb} `) === true
        if (isRepeated && verb !== 'scale') continue
        const fulfils = model.expect(verb, n)
        calls.push(`${verb} ${n}`)
        results.push(
          call(srv, verb, n).then(
            () => fulfils || told.push(`${calls.join()}: ${verb} fulfilled`),
            (error: unknown) => !fulfils || told.push(`${calls.join()}: ${String(error)}`)
          )
        )
      }
      await Promise.all(results)
      await load.answered(8)
      const { generation, numWorkers, standby } = srv.status()
      assert.deepEqual(
        { current: generation, numWorkers, standby: standby?.generation ?? null },
        { current: model.current, numWorkers: model.numWorkers, standby: model.standby },
        calls.join()
      )
    }
    const { failed, reconnects } = await load.stop()
    assert.deepEqual(told, [])
    assert.deepEqual(failed, [], calls.join())
    assert.equal(reconnects, 0)
    await until(() => srv.workers.length === model.numWorkers)
    assert.ok(srv.workers.every(({ generation }) => generation === model.current))
    const others = [model.current, model.standby, model.kept]
    await until(() => srv.status().workers.every(({ generation }) => others.includes(generation)))
    await srv.close()
    assert.deepEqual(srv.status().workers, [])
    assert.deepEqual(processes(), [])
  })
}
