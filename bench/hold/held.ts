import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../common/child.js'
import type { Workshop } from '../common/workshop.js'
import { Backend } from './backends.js'
import { startProxy, type Started } from './candidates.js'
import { MemoryWatch } from './memory-watch.js'
import type { CrowdSetup, FromCrowd, Reading, ToCrowd } from './protocol.js'

/** Memory in bytes, times in milliseconds. */
export interface HeldResult {
  readonly connections: number
  readonly fastPath: boolean
  /** Of each request's body; 0: a GET. */
  readonly bodyBytes: number
  /** Of all bodies, before they are let go on: what the systems of both sides hold, not the proxy. */
  readonly takenBytes: number
  readonly start: Reading
  /** With the connections, of which each has had an answer. */
  readonly connected: Reading
  /** With what was only garbage, and without. */
  readonly held: Reading
  readonly heldLive: Reading
  readonly after: Reading
  readonly rssPeakHolding: number
  readonly rssPeak: number
  /** From `resume()` until nothing is held, and until each has its answer. */
  readonly releaseMs: number
  readonly answeredMs: number
  readonly failed: number
  readonly problems: readonly string[]
}

export interface HeldPlan {
  readonly connections: number
  readonly bodyBytes: number
  readonly fastPath: boolean
}

const CONNECT_MS = 60_000
const SEND_MS = 120_000
const FINISH_MS = 240_000
/** Before it is measured, the code is compiled and the heap has its usual size. */
const WARM_UP = 500
/** Of a body: so little that the memory for it cannot be what is used again. */
const WARM_UP_BYTES = 1000

/** Many requests are held at once by a pause. */
export async function runHeld(workshop: Workshop, plan: HeldPlan): Promise<HeldResult> {
  const place = workshop.newPath('backend.sock')
  const backend = await Backend.start(workshop, { place, log: undefined, workMs: 0 })
  const started = await startProxy(workshop, {
    target: `unix:${place}`,
    fastPath: plan.fastPath,
    log: undefined
  })
  const { child, running } = started
  await warmUp(workshop, started, plan)
  const start = await gauge(started, true)
  const memory = new MemoryWatch(running.hop)
  const crowd = join(workshop, { ...plan, port: running.port })
  await crowd.ask({ type: 'connect' }, CONNECT_MS)
  const connected = await gauge(started, true)
  await child.ask({ type: 'pause' }, CONNECT_MS)
  const { bytes } = await crowd.ask({ type: 'send' }, SEND_MS)
  await untilHeld(started, plan.connections)
  const held = await gauge(started, false)
  const rssPeakHolding = memory.peak
  const heldLive = await gauge(started, true)
  const finished = crowd.ask({ type: 'finish' }, FINISH_MS)
  const began = performance.now()
  const { tookMs } = await child.ask({ type: 'resume' }, FINISH_MS)
  const { failed, problems } = await finished
  const answeredMs = performance.now() - began
  const rssPeak = memory.peak
  memory.stop()
  const after = await gauge(started, true)
  await workshop.stop(crowd)
  await Promise.all([workshop.stop(child), backend.stop()])
  const { connections, fastPath, bodyBytes } = plan
  const readings = { start, connected, held, heldLive, after, rssPeakHolding, rssPeak }
  const release = { releaseMs: tookMs, answeredMs, failed, problems }
  return { connections, fastPath, bodyBytes, takenBytes: bytes, ...readings, ...release }
}

async function warmUp(workshop: Workshop, started: Started, plan: HeldPlan): Promise<void> {
  const { child, running } = started
  const connections = Math.min(WARM_UP, plan.connections)
  const bodyBytes = Math.min(plan.bodyBytes, WARM_UP_BYTES)
  const crowd = join(workshop, { connections, bodyBytes, port: running.port })
  await crowd.ask({ type: 'connect' }, CONNECT_MS)
  await child.ask({ type: 'pause' }, CONNECT_MS)
  await crowd.ask({ type: 'send' }, SEND_MS)
  await untilHeld(started, connections)
  const finished = crowd.ask({ type: 'finish' }, FINISH_MS)
  await child.ask({ type: 'resume' }, FINISH_MS)
  await finished
  await workshop.stop(crowd)
}

function join(workshop: Workshop, setup: CrowdSetup): Child<ToCrowd, FromCrowd> {
  return workshop.fork<ToCrowd, FromCrowd>(new URL('./crowd.js', import.meta.url), [JSON.stringify(setup)])
}

async function gauge({ child }: Started, collect: boolean): Promise<Reading> {
  return (await child.ask({ type: 'gauge', collect }, CONNECT_MS)).reading
}

async function untilHeld(started: Started, count: number): Promise<void> {
  const deadline = performance.now() + CONNECT_MS
  for (;;) {
    const { held } = await gauge(started, false)
    if (held === count) return
    if (performance.now() > deadline) throw new Error(`${held} requests are held instead of ${count}`)
    await delay(50)
  }
}
