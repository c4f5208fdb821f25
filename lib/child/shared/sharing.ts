import type { Server as NetServer } from 'node:net'
import type { FromSharing, Load, ToSharing } from '../../worker/handoff-messages.js'
import { Outbox } from './outbox.js'
import { prepareIdleConnections, tellsIdle } from './idle-connections.js'
import type { RawHandle } from '../../handles/raw-handle.js'
import { sumOf } from './load.js'
import type { SharedPlace } from './shared-server.js'
import { SharedServers } from './shared-servers.js'

/** How often the master is told of the load, in milliseconds, while it changes. */
const REPORT_MS = 250
/** Connections that are under way to the master at once. */
const BATCH = 256
/** How often to look for connections that became quiet without a sign, such as a body that was late, in milliseconds. */
const LOOK_MS = 100
/** How long to look for quiet connections of which the master wants some, in milliseconds. */
const YIELD_MS = 1000
/** A connection that is younger, in milliseconds, may be over before it has moved: it stays, unless all have to go. */
const SETTLED_MS = 1000

const CANNOT_MOVE =
  'up: this Node does not tell which connections are idle, so they end with their worker, politely, instead of moving'

/**
 * `idle`: none comes yet. `accepting`: connections come and stay. `paused`: none comes, quiet ones go. `retired`: the same, for good.
 * `closing`: none comes, and quiet ones are closed.
 */
type Mode = 'idle' | 'accepting' | 'paused' | 'retired' | 'closing'

/** The worker's side of what workers share: the servers that accept from shared handles, and what the master asks of them. */
export class Sharing {
  readonly #tell: (message: FromSharing, onSent?: () => void) => void
  readonly #servers = new SharedServers(() => this.#moveSoon())
  readonly #outbox = new Outbox(() => this.#move())
  #mode: Mode = 'idle'
  /** How many quiet connections the master wants. */
  #wanted = 0
  #wantedUntil = 0
  #look: NodeJS.Timeout | undefined
  #reporter: NodeJS.Timeout | undefined
  #reported = ''
  /** The last pause that the master was not told the end of. */
  #pause: number | undefined
  #saidMoved = false
  #saidDrained = false
  /** Whether connections that cannot move have to wait here. */
  #holding = false
  #scheduled = false
  /** Connections that it is taking. */
  #adopting = 0

  /** @param tell tells the master; `onSent` is called when the message is on its way */
  constructor(tell: (message: FromSharing, onSent?: () => void) => void) {
    this.#tell = tell
    prepareIdleConnections()
  }

  /** The server listens from now on, on what the master calls this port; it accepts when the master says so. */
  share(server: NetServer, place: SharedPlace): void {
    if (this.#reporter === undefined && !tellsIdle) process.emitWarning(CANNOT_MOVE)
    this.#reporter ??= setInterval(() => this.report(), REPORT_MS).unref()
    this.#servers.listen(server, place)
  }

  /** What the master says, with the handle that came with it. */
  handle(message: ToSharing, handle: RawHandle | undefined): void {
    switch (message.type) {
      case 'up:prime':
        return this.#prime(message.port, message.backlog, handle)
      case 'up:accept':
        return this.#accept(message.port, handle)
      case 'up:adopt':
        return this.#adopt(message, handle)
      case 'up:settle':
        return this.#tell({ type: 'up:settled', id: message.id })
      case 'up:yield':
        return this.#yield(message.count)
      case 'up:pause':
        this.#pause = message.id
        this.#holding ||= message.hold
        // One that is leaving goes on to leave.
        return this.#isLeaving ? this.#move() : this.#stop('paused')
      case 'up:go-on':
        return this.#goOn()
      case 'up:retire':
        return this.#stop(message.give ? 'retired' : 'closing')
    }
  }

  /** Tells the load, if it has changed, and what was answered. */
  report(): void {
    const load = this.#load
    const answers = this.#servers.answered.take()
    const text = JSON.stringify(load)
    if (text === this.#reported && answers === undefined) return
    this.#reported = text
    this.#tell({ type: 'up:load', ...load, ...(answers && { answers }) })
  }

  /**
   * The servers keep the process no longer, and close what is quiet. They are left open: the app, which hears SIGTERM
   * next, may close them itself, and wants no error for that.
   */
  close(): void {
    this.#stop('closing')
    for (const server of this.#servers) server.unref()
  }

  get #load(): Load {
    const { served } = this.#servers.answered
    return { ...sumOf([...this.#servers].map(server => server.load)), served }
  }

  #prime(port: number, backlog: number, handle: RawHandle | undefined): void {
    const error = handle?.listen(backlog) ?? 0
    // In the same tick: so no connection has been accepted.
    handle?.close()
    this.#tell({ type: 'up:primed', port, error })
  }

  #accept(port: number, handle: RawHandle | undefined): void {
    const server = this.#servers.at(port)
    if (server === undefined || this.#isLeaving) return handle?.close()
    this.#mode = 'accepting'
    this.#pause = undefined
    this.#stopMoving()
    server.stay()
    if (handle !== undefined) server.accept(handle)
  }

  #adopt(message: ToSharing & { type: 'up:adopt' }, handle: RawHandle | undefined): void {
    if (handle === undefined) return
    const { id, port } = message
    const server = this.#mode === 'accepting' ? this.#servers.at(port) : undefined
    if (server?.canAdopt(message) !== true) {
      handle.close()
      return this.#tell({ type: 'up:declined', id })
    }
    // Before anything is read: what is not said to be taken, somebody else will read.
    this.#adopting++
    this.#tell({ type: 'up:adopted', id }, () => {
      this.#adopting--
      server.adopt(handle, message)
    })
  }

  get #isLeaving(): boolean {
    return this.#mode === 'retired' || this.#mode === 'closing'
  }

  get #hasSettled(): boolean {
    return [...this.#servers].some(server => server.oldestMs >= SETTLED_MS)
  }

  #stop(mode: Mode): void {
    if (this.#mode === 'closing') return
    this.#mode = mode
    for (const server of this.#servers) {
      server.stop()
      // Where requests are held here, clients are to notice nothing.
      if (mode !== 'paused' || !this.#holding) server.leave(mode !== 'closing')
    }
    if (mode === 'closing') this.#goOn()
    this.#wanted = Infinity
    this.#wantedUntil = Infinity
    this.#startMoving()
  }

  #goOn(): void {
    this.#holding = false
    for (const server of this.#servers) server.letGo()
  }

  #yield(count: number): void {
    if (this.#mode !== 'accepting' || !this.#hasSettled) return
    this.#wanted = count
    this.#wantedUntil = performance.now() + YIELD_MS
    this.#startMoving()
  }

  #startMoving(): void {
    for (const server of this.#servers) server.watch(true)
    // It is not this that keeps a process alive whose app has closed its server.
    this.#look ??= setInterval(() => this.#move(), LOOK_MS).unref()
    this.#move()
  }

  #stopMoving(): void {
    clearInterval(this.#look)
    this.#look = undefined
    this.#wanted = 0
    for (const server of this.#servers) server.watch(false)
  }

  /** Once for all that becomes quiet in one round of the event loop. */
  #moveSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#move()
    })
  }

  #move(): void {
    if (this.#look === undefined) return
    if (this.#mode === 'closing') for (const server of this.#servers) server.closeIdle()
    else if (this.#outbox.isEmpty) this.#sendBatch()
    if (this.#holding) for (const server of this.#servers) server.hold()
    if (performance.now() > this.#wantedUntil || this.#wanted === 0) this.#stopMoving()
    else if (this.#mode !== 'accepting') this.#sayHowFar()
  }

  #sendBatch(): void {
    let room = Math.min(BATCH, this.#wanted)
    for (const server of this.#servers) {
      if (room === 0) return
      for (const { socket, luggage } of server.release(this.#mode === 'accepting' ? SETTLED_MS : 0)) {
        this.#outbox.send(socket, { type: 'up:connection', port: server.port, ...luggage })
        this.#wanted--
        if (--room === 0) return
      }
    }
  }

  /** Once each time that it was told to stop. */
  #sayHowFar(): void {
    if (!this.#outbox.isEmpty || this.#adopting > 0) return
    if (this.#isLeaving && !this.#saidMoved) this.#tell({ type: 'up:moved' })
    this.#saidMoved = this.#isLeaving
    const isAsked = this.#pause !== undefined || (this.#isLeaving && !this.#saidDrained)
    if (!isAsked) return
    this.report()
    const { connections, requests } = this.#load
    if (this.#pause !== undefined && requests === 0) {
      this.#tell({ type: 'up:quiet', id: this.#pause })
      this.#pause = undefined
    }
    if (!this.#isLeaving || this.#saidDrained || connections > 0) return
    this.#saidDrained = true
    this.#tell({ type: 'up:drained' })
  }
}
