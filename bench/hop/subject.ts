import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../common/child.js'
import { CANDIDATES, type Candidate, type CandidateName } from './candidates.js'
import { cpuSeconds } from './cpu-time.js'
import { memoryOf, type Memory } from './memory.js'
import type { FromCandidate, Processes, Setup } from './protocol.js'
import type { Workshop } from '../common/workshop.js'

const START_MS = 30_000
/** What a load leaves to do, closed connections above all, is not counted as the next one's. */
const SETTLE_MS = 50

export interface CpuTimes {
  /** In seconds. */
  readonly hop: number
  readonly workers: number
}

/** A candidate that runs. */
export class Subject {
  readonly name: CandidateName
  readonly label: string
  readonly port: number
  readonly #workshop: Workshop
  readonly #child: Child<never, FromCandidate>
  readonly #hop: readonly number[]
  readonly #workers: readonly number[]

  /** Resolves with the reason instead, if this candidate is not to be had here. */
  static async start(workshop: Workshop, name: CandidateName, backends: Backends): Promise<Subject | string> {
    const candidate: Candidate = CANDIDATES[name]
    const setup: Setup = { ...candidate.setup, sockets: backends.sockets }
    const program = new URL(`./candidates/${candidate.program}.js`, import.meta.url)
    const child = workshop.fork<never, FromCandidate>(program, [JSON.stringify(setup)])
    const started = await child.await('started', START_MS)
    if ('running' in started) return new Subject(workshop, name, child, started.running, backends.pids)
    await workshop.stop(child)
    return started.unavailable
  }

  private constructor(
    workshop: Workshop,
    name: CandidateName,
    child: Child<never, FromCandidate>,
    { port, hop, workers, version }: Processes,
    backends: readonly number[]
  ) {
    this.name = name
    const own = CANDIDATES[name].label
    this.label = version === undefined || version === process.version ? own : `${own} (${version})`
    this.port = port
    this.#workshop = workshop
    this.#child = child
    this.#hop = hop
    this.#workers = workers.length > 0 ? workers : backends
  }

  /** Whether anything stands between the client and the app's processes. */
  get hasHop(): boolean {
    return this.#hop.length > 0
  }

  /** Does the work, and tells which CPU time passed meanwhile. */
  async accounted<T>(work: () => Promise<T>): Promise<{ result: T; cpu: CpuTimes }> {
    await delay(SETTLE_MS)
    const hop = cpuSeconds(this.#hop)
    const workers = cpuSeconds(this.#workers)
    const result = await work()
    return {
      result,
      cpu: { hop: cpuSeconds(this.#hop) - hop, workers: cpuSeconds(this.#workers) - workers }
    }
  }

  /** Memory of the hop, or of the app where there is none. */
  memory(): Memory {
    return memoryOf(this.hasHop ? this.#hop : this.#workers)
  }

  stop(): Promise<void> {
    return this.#workshop.stop(this.#child)
  }
}

export interface Backends {
  readonly sockets: readonly string[]
  readonly pids: readonly number[]
  stop(): Promise<unknown>
}

/** Starts the app twice, on UNIX sockets. */
export async function startBackends(workshop: Workshop): Promise<Backends> {
  const started = await Promise.all(
    [workshop.newPath('backend.sock'), workshop.newPath('backend.sock')].map(async socket => {
      const setup: Setup = { sockets: [socket] }
      const program = new URL('./backend.js', import.meta.url)
      const child = workshop.fork<never, FromCandidate>(program, [JSON.stringify(setup)])
      const message = await child.await('started', START_MS)
      return { child, socket, pids: 'running' in message ? message.running.workers : [] }
    })
  )
  return {
    sockets: started.map(({ socket }) => socket),
    pids: started.flatMap(({ pids }) => [...pids]),
    stop: () => Promise.all(started.map(({ child }) => workshop.stop(child)))
  }
}
