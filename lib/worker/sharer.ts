import type { RawHandle } from '../handles/raw-handle.js'
import type { Channel } from './channel.js'
import type { FromSharing, Load, ToSharing } from './handoff-messages.js'

/** What of a worker's connections the master knows, where the worker accepts them itself. */
export class Sharer {
  /** The master's numbers of the ports where it listens. */
  readonly ports = new Set<number>()
  /** Whether it has ever accepted clients' connections, or may. */
  #shares = false
  /** By its last report. */
  load: Load = { connections: 0, requests: 0, upgrades: 0, served: 0 }
  readonly #channel: Channel
  readonly #movesMs: number
  #drained = false
  /** Nothing comes before it is told to accept. */
  #quiet = true
  #pauses = 0
  /** Whether it has none left of the connections that it can give away. */
  #moved = false
  /** What is to happen then. */
  #onMoved: (() => void) | undefined

  /** @param movesMs how long its connections may take to go elsewhere once its time is over, in milliseconds */
  constructor(channel: Channel, movesMs: number) {
    this.#channel = channel
    this.#movesMs = movesMs
  }

  /** Whether it has no connection, and will not accept one. */
  get isDrained(): boolean {
    return !this.#shares || this.#drained
  }

  /** Whether it has no request under way, and will take none until it is told to accept. */
  get isQuiet(): boolean {
    return !this.#shares || this.#quiet
  }

  /** A server of its listens on this port. */
  open(port: number): void {
    this.#shares = true
    this.ports.add(port)
  }

  send(message: ToSharing, handle?: RawHandle): void {
    this.#channel.send(message, handle)
  }

  /** Takes note of what it says of itself. */
  note(message: FromSharing): void {
    if (message.type === 'up:load') this.load = message
    else if (message.type === 'up:drained') this.#drained = true
    else if (message.type === 'up:moved') this.#endMoves()
    // What it says of an earlier pause may come late.
    else if (message.type === 'up:quiet' && message.id === this.#pauses) this.#quiet = true
  }

  /** It accepts connections: from this handle, or as the master sends them. */
  accept(port: number, handle: RawHandle | undefined): void {
    this.#quiet = false
    this.send({ type: 'up:accept', port }, handle)
  }

  /** It accepts nothing for now. `hold`: connections that cannot move are not served either, until it is to go on. */
  pause(hold: boolean): void {
    if (!this.#shares) return
    this.#quiet = false
    this.send({ type: 'up:pause', id: ++this.#pauses, hold })
  }

  /** It reads again from the connections that it held. */
  goOn(): void {
    if (this.#shares) this.send({ type: 'up:go-on' })
  }

  /** Calls when the worker, which retires, has sent all its quiet connections back; or when the time for that is over. */
  afterMoves(then: () => void): void {
    if (!this.#shares || this.#moved || this.#drained) return then()
    const timer = setTimeout(() => this.#endMoves(), this.#movesMs)
    this.#onMoved = () => {
      clearTimeout(timer)
      then()
    }
  }

  /** Its process is gone. */
  end(): void {
    this.#endMoves()
  }

  #endMoves(): void {
    this.#moved = true
    this.#onMoved?.()
    this.#onMoved = undefined
  }

  /** It accepts no more connections. `give`: it sends quiet ones back; else it closes them. */
  retire(give: boolean): void {
    if (this.#shares) this.send({ type: 'up:retire', give })
  }
}
