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
  #drained = false
  /** Nothing comes before it is told to accept. */
  #quiet = true
  #pauses = 0

  constructor(channel: Channel) {
    this.#channel = channel
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

  /** It accepts no more connections. `give`: it sends quiet ones back; else it closes them. */
  retire(give: boolean): void {
    if (this.#shares) this.send({ type: 'up:retire', give })
  }
}
