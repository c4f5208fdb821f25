import { UpError } from '../errors.js'
import {
  describeAsked,
  isTaken,
  listenError,
  ownRefusal,
  refusalOf,
  systemRefusal
} from '../ports/listen-error.js'
import { SharedPort } from '../ports/shared-port.js'
import type { Listening } from '../worker/listening.js'
import type { Worker } from '../worker/worker.js'
import type { PauseOptions, PauseResult, PortStatus, ResumeOptions } from './api.js'
import { HttpPort } from './http-port.js'
import { PortEntry } from './port-entry.js'
import { ADDRESS_IN_USE, PortPlanner, type PortPlan } from './port-plan.js'
import type { PortsHost } from './ports-host.js'
import { Refusals } from './refusals.js'
import { describePort } from './status.js'

/** Where the master listens for its workers. What is asked for is opened, what none needs any more is closed. */
export class Ports {
  readonly #host: PortsHost
  readonly #planner: PortPlanner
  readonly #refusals = new Refusals()
  readonly #entries = new Map<string, PortEntry>()
  readonly #available = new Set<Worker>()
  readonly #ends: Promise<void>[] = []
  #generation = 1
  #stopped = false
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
    const known = this.#refusals.find(worker, plan.key)
    if (known !== undefined) return listening.refuse(known)
    const others = this.#at(plan).filter(({ plan: { key } }) => !isPrimary || key !== plan.key)
    if (plan.asked !== undefined && others.some(({ users }) => users.has(worker)))
      return listening.refuse(ownRefusal(ADDRESS_IN_USE, plan.asked))
    const entry = this.#entries.get(plan.key) ?? this.#add(plan, listening)
    entry.join(worker, listening)
    try {
      await entry.opening
    } catch (error) {
      if (isTaken(error) && this.#planner.tryAnother(listening, plan.asked))
        return this.onListen(worker, listening)
      return this.#refuse(worker, listening, entry, error)
    }
    this.#refusals.delete(worker, plan.key)
    if (entry.users.get(worker) === listening) entry.port.admit(listening)
  }

  onBound(worker: Worker, listening: Listening): void {
    for (const entry of this.#entries.values()) if (entry.use(worker, listening)) this.#tell(entry)
    this.#settle()
    if (!this.#available.has(worker)) return
    if (listening === worker.listenings.primary) this.#host.onPrimary(worker)
    else this.#join(worker)
  }

  onUnbound(worker: Worker, listening: Listening): void {
    if (listening === worker.listenings.primary) this.#host.onPrimary(worker)
    for (const entry of this.#entries.values())
      if (entry.leave(worker, listening) && entry.port instanceof HttpPort) entry.port.remove(worker)
    this.#sweep()
  }

  /** The worker takes requests from now on. */
  onAvailable(worker: Worker): void {
    this.#available.add(worker)
    this.#join(worker)
    this.#settle()
  }

  /** The worker takes no more requests. */
  onUnavailable(worker: Worker): void {
    this.#available.delete(worker)
    for (const port of this.#httpPorts()) port.remove(worker)
    this.#settle()
  }

  onGone(worker: Worker): void {
    this.#refusals.onGone(worker)
    for (const { users } of this.#entries.values()) users.delete(worker)
    this.#sweep()
  }

  /** Every new request goes to this generation. */
  onSwitched(generation: number): void {
    this.#generation = generation
    for (const worker of this.#available) this.#join(worker)
    this.#sweep()
  }

  /** Where clients can connect. */
  list(): PortStatus[] {
    const open = [...this.#entries.values()].filter(({ isOpen }) => isOpen)
    return open.flatMap(({ port, protocol }) => describePort(port, protocol) ?? [])
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
    this.#stopped = true
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

  #add(plan: PortPlan, { protocol }: Listening): PortEntry {
    const isFree = plan.late !== true && this.#at(plan).every(({ opening }) => opening === undefined)
    const entry = new PortEntry(plan, protocol)
    this.#entries.set(plan.key, entry)
    if (this.#pause !== undefined && entry.port instanceof HttpPort) void entry.port.pause(this.#pause)
    if (isFree) this.#follow(entry, entry.open())
    return entry
  }

  #follow(entry: PortEntry, opening: Promise<void>): void {
    const onOpen = (): void => this.#tell(entry)
    const onFail = (error: unknown): void => {
      this.#close(entry)
      // Its servers believe that they listen already.
      if (error instanceof UpError) this.#host.onFail(error)
    }
    void opening.then(onOpen, onFail).then(() => this.#settle())
  }

  #refuse(worker: Worker, listening: Listening, entry: PortEntry, error: unknown): void {
    const { key, asked, byApp } = entry.plan
    // The place is not the app's to change.
    if (!byApp && asked !== undefined && !entry.told)
      this.#host.onFail(listenError(error as Error, describeAsked(asked)))
    entry.told = true
    // One that is being ended need not be troubled.
    if (worker.readyState === 'terminating') return
    const isSystems = asked !== undefined && (error as NodeJS.ErrnoException).errno !== undefined
    const refusal = isSystems ? systemRefusal(error as Error, asked) : refusalOf(error)
    if (byApp && isTaken(error)) this.#refusals.add(worker, key, refusal)
    listening.refuse(refusal)
  }

  /** Clients can connect, and are to: that is told once. */
  #tell(entry: PortEntry): void {
    const { told, isOpen, wasUsed, port, protocol, plan } = entry
    if (told || !isOpen || !wasUsed) return
    entry.told = true
    const status = describePort(port, protocol)
    if (plan.asked !== undefined && status !== undefined) this.#host.onOpen(status)
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

  /** All that are at this address, whether they listen yet or not. */
  #at({ asked }: PortPlan): PortEntry[] {
    return [...this.#entries.values()].filter(entry => entry.isAt(asked))
  }

  /** What only older generations asked for goes with the last of their workers. A descriptor could not be had again. */
  #sweep(): void {
    for (const entry of this.#entries.values()) {
      const { users, generation, plan } = entry
      if (users.size > 0 || generation >= this.#generation) continue
      if (plan.asked !== undefined && plan.asked.kind !== 'fd') this.#close(entry)
    }
    this.#settle()
  }

  /** Who has only looked whether a port is free leaves nothing behind; who waits for one gets it when nobody else serves there. */
  #settle(): void {
    if (this.#stopped) return
    for (const entry of this.#entries.values()) if (entry.isUseless) this.#close(entry)
    for (const entry of this.#entries.values()) {
      if (entry.opening !== undefined) continue
      const others = this.#at(entry.plan).filter(({ opening }) => opening !== undefined)
      const isFree = others.length === 0 && entry.wasUsed && entry.plan.late !== true
      // Whoever waits for one that is about to open is to have his answer first.
      const areIdle = others.every(other => other.isOpen && !other.serves(this.#available))
      const isItsTurn = areIdle && entry.serves(this.#available)
      if (!isFree && !isItsTurn) continue
      for (const other of others) this.#close(other, entry)
      this.#follow(entry, entry.openLate())
    }
  }

  /** @param successor gets the connections that are left, if it can */
  #close(entry: PortEntry, successor?: PortEntry): void {
    const { port, protocol, wasUsed, plan } = entry
    if (this.#entries.get(plan.key) !== entry) return
    this.#entries.delete(plan.key)
    this.#ends.push(entry.close())
    if (!wasUsed || !(port instanceof SharedPort)) return
    const heir = successor?.protocol === protocol ? successor.port : undefined
    this.#host.shared.redirect(port, heir instanceof SharedPort ? heir : undefined)
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
