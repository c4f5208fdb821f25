import type { ProxiedServer } from '../distributor/middleware.js'
import type { UpError } from '../errors.js'
import type { Meter } from '../meters/meter.js'
import type { ResolvedOptions } from '../options/options.js'
import { describeAsked, listenError, refusalOf, systemError } from '../ports/listen-error.js'
import { textOf, type Port } from '../ports/port.js'
import { SharedPort } from '../ports/shared-port.js'
import type { Listening } from '../worker/listening.js'
import type { Asked, Protocol } from '../worker/messages.js'
import type { Worker } from '../worker/worker.js'
import type { PauseOptions, PauseResult, PortStatus, ResumeOptions } from './api.js'
import { HttpPort } from './http-port.js'
import { ADDRESS_IN_USE, PortPlanner, type PortPlan } from './port-plan.js'
import type { SharedPorts } from './shared-ports.js'
import { describePort } from './status.js'

interface PortsHost {
  readonly server: ProxiedServer
  readonly options: ResolvedOptions
  readonly shared: SharedPorts
  readonly meter: Meter
  /** Whether it waits, or has only a share of the clients. */
  readonly isOnTrial: (worker: Worker) => boolean
  /** The server that a worker listens with first has got another address, or none. */
  readonly onPrimary: (worker: Worker) => void
  readonly onOpen: (port: PortStatus) => void
  readonly onFail: (error: UpError) => void
}

/** A port, and whose servers have asked for it. */
interface Entry {
  readonly key: string
  readonly port: Port
  readonly protocol: Protocol
  /** Where it is; undefined: wherever the user's server listens. */
  readonly asked: Asked | undefined
  readonly opening: Promise<void>
  readonly users: Map<Worker, Listening>
  /** The newest that asked for it. */
  generation: number
  told: boolean
}

/** Where the master listens for its workers. What is asked for is opened, what none needs any more is closed. */
export class Ports {
  readonly #host: PortsHost
  readonly #planner: PortPlanner
  readonly #entries = new Map<string, Entry>()
  readonly #available = new Set<Worker>()
  readonly #ends: Promise<void>[] = []
  #generation = 1
  #pause: PauseOptions | undefined

  constructor(host: PortsHost) {
    this.#host = host
    this.#planner = new PortPlanner(host.server, host.options, host.shared, host.meter)
  }

  /** A worker's server wants to listen. */
  async onListen(worker: Worker, listening: Listening): Promise<void> {
    const { listenings } = worker
    if (this.#replacesExported(listenings.primary, listening)) listenings.primary = listening
    const isPrimary = listening === listenings.primary
    const plan =
      isPrimary || listening.asked === undefined
        ? this.#planner.primary(worker, listening)
        : this.#planner.further(worker, listening.asked, listening)
    const entry = this.#entries.get(plan.key) ?? this.#open(plan, listening, isPrimary)
    if (plan.asked !== undefined && entry.users.has(worker) && !isPrimary)
      return listening.refuse(refusalOf(systemError(ADDRESS_IN_USE, plan.asked)))
    entry.generation = Math.max(entry.generation, worker.generation)
    entry.users.set(worker, listening)
    try {
      await entry.opening
    } catch (error) {
      // One that is being ended need not be troubled.
      if (worker.readyState !== 'terminating') listening.refuse(refusalOf(error))
      return
    }
    if (entry.users.get(worker) === listening) entry.port.admit(listening)
  }

  onBound(worker: Worker, listening: Listening): void {
    for (const entry of this.#entries.values()) if (entry.users.get(worker) === listening) this.#tell(entry)
    if (!this.#available.has(worker)) return
    if (listening === worker.listenings.primary) this.#host.onPrimary(worker)
    else this.#join(worker)
  }

  onUnbound(worker: Worker, listening: Listening): void {
    if (listening === worker.listenings.primary) this.#host.onPrimary(worker)
    for (const { users, port } of this.#entries.values()) {
      if (users.get(worker) !== listening) continue
      users.delete(worker)
      if (port instanceof HttpPort) port.remove(worker)
    }
    this.#sweep()
  }

  /** The worker takes requests from now on. */
  onAvailable(worker: Worker): void {
    this.#available.add(worker)
    this.#join(worker)
  }

  /** The worker takes no more requests. */
  onUnavailable(worker: Worker): void {
    this.#available.delete(worker)
    for (const port of this.#httpPorts()) port.remove(worker)
  }

  onGone(worker: Worker): void {
    for (const { users } of this.#entries.values()) users.delete(worker)
    this.#sweep()
  }

  /** Every new request goes to this generation. */
  onSwitched(generation: number): void {
    this.#generation = generation
    for (const worker of this.#available) this.#join(worker)
    this.#sweep()
  }

  /** Where the master listens, for whom. */
  list(): PortStatus[] {
    return [...this.#entries.values()].flatMap(({ port, protocol }) => describePort(port, protocol) ?? [])
  }

  /** Holds the requests of the further ports, also of those that are still to come. */
  pause(options: PauseOptions): Promise<PauseResult>[] {
    this.#pause = options
    return this.#httpPorts().map(port => port.pause(options))
  }

  resume(options: ResumeOptions): Promise<void>[] {
    this.#pause = undefined
    return this.#httpPorts().map(port => port.resume(options))
  }

  /** No new connections. What came over the further ports is finished. */
  stop(): void {
    for (const entry of this.#entries.values()) if (!(entry.port instanceof SharedPort)) this.#close(entry)
  }

  /** Resolves when all of that has its answer. */
  async whenStopped(): Promise<void> {
    await Promise.all(this.#ends)
  }

  /** Closes what is left; to be called when the workers are gone. */
  async close(): Promise<void> {
    for (const entry of this.#entries.values()) this.#close(entry)
    await Promise.all(this.#ends)
  }

  #open(plan: PortPlan, { protocol }: Listening, isPrimary: boolean): Entry {
    this.#makeRoom(plan)
    const port = plan.create()
    const opening = port.open()
    const entry: Entry = { ...plan, port, protocol, opening, users: new Map(), generation: 0, told: false }
    this.#entries.set(plan.key, entry)
    if (this.#pause !== undefined && port instanceof HttpPort) void port.pause(this.#pause)
    opening.then(
      // A shared port refuses connections until the first worker listens on it.
      () => (port instanceof SharedPort ? undefined : this.#tell(entry)),
      (error: unknown) => {
        this.#close(entry)
        if (isPrimary && plan.asked !== undefined)
          this.#host.onFail(listenError(error as Error, describeAsked(plan.asked)))
      }
    )
    return entry
  }

  /** Clients can connect: that is told once. */
  #tell(entry: Entry): void {
    if (entry.told) return
    entry.told = true
    const status = describePort(entry.port, entry.protocol)
    if (entry.asked !== undefined && status !== undefined) this.#host.onOpen(status)
  }

  /** An app exports a server, and later has one listen at the very port that the master listens on for it. */
  #replacesExported(primary: Listening | undefined, { asked, protocol }: Listening): boolean {
    if (primary === undefined || primary.asked !== undefined) return false
    if (asked?.kind !== 'tcp' || protocol !== 'http') return false
    return [...this.#entries.values()].some(({ users, port: { address } }) => {
      const isIts = [...users.values()].includes(primary)
      return isIts && typeof address === 'object' && address?.port === asked.port
    })
  }

  /** What nobody uses any more must not be in the way of another kind of server at the same address. */
  #makeRoom({ asked }: PortPlan): void {
    if (asked === undefined) return
    const text = textOf(asked)
    for (const entry of this.#entries.values())
      if (entry.users.size === 0 && entry.asked !== undefined && textOf(entry.asked) === text)
        this.#close(entry)
  }

  /** What only older generations asked for goes with the last of their workers. A descriptor could not be had again. */
  #sweep(): void {
    for (const entry of this.#entries.values()) {
      const { users, generation, asked } = entry
      if (users.size > 0 || generation >= this.#generation) continue
      if (asked !== undefined && asked.kind !== 'fd') this.#close(entry)
    }
  }

  #close(entry: Entry): void {
    if (this.#entries.get(entry.key) !== entry) return
    this.#entries.delete(entry.key)
    this.#ends.push(entry.port.close())
  }

  #join(worker: Worker): void {
    if (this.#host.isOnTrial(worker)) return
    for (const { users, port } of this.#entries.values()) {
      const listening = users.get(worker)
      if (port instanceof HttpPort && listening?.bound === true) port.add(worker, listening)
    }
  }

  #httpPorts(): HttpPort[] {
    return [...this.#entries.values()].flatMap(({ port }) => (port instanceof HttpPort ? [port] : []))
  }
}
