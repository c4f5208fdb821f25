import { constants } from 'node:os'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { Meter } from '../meters/meter.js'
import type { ResolvedOptions } from '../options/options.js'
import { Door } from '../ports/door.js'
import { textOf, type Port } from '../ports/port.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import { HttpPort } from './http-port.js'
import type { SharedPorts } from './shared-ports.js'
import { UserPort } from './user-port.js'

/** Where a worker's server gets its connections from. */
export interface PortPlan {
  /** The same for all servers that share it. */
  readonly key: string
  /** Where that is; undefined: wherever the user's server listens. */
  readonly asked: Asked | undefined
  readonly create: () => Port
}

/** Decides who listens for a worker's server: the user's server, one of ours, or the workers themselves. */
export class PortPlanner {
  readonly #server: ProxiedServer
  readonly #options: ResolvedOptions
  readonly #shared: SharedPorts
  readonly #meter: Meter
  /** The server's own port, where its connections go to the workers. */
  readonly #own: Port | undefined
  /** Where the server listens already though it is ours. */
  readonly #given: Asked | undefined
  /** How often a worker has asked for any free port: the first of each worker is the same, and so on. */
  readonly #free = new WeakMap<object, number>()

  constructor(server: ProxiedServer, options: ResolvedOptions, shared: SharedPorts, meter: Meter) {
    this.#meter = meter
    this.#server = server
    this.#shared = shared
    this.#options = options
    if (this.#handsOver && options.listen === undefined) this.#own = shared.share(server)
    const address = options.listen === undefined || !server.listening ? null : server.address()
    if (address !== null && typeof address !== 'string')
      this.#given = { kind: 'tcp', host: address.address, port: address.port, flags: undefined }
  }

  /** For a further server of the worker's. */
  further(worker: object, asked: Asked, { protocol }: Listening): PortPlan {
    const text = this.#textOf(worker, asked)
    return protocol === 'http' && !this.#handsOver
      ? { key: `http ${text}`, asked, create: () => new HttpPort(asked, this.#options, this.#meter) }
      : { key: `shared ${text}`, asked, create: () => this.#shared.create(asked) }
  }

  /** For the server that a worker listens with first. */
  primary(worker: object, { asked, protocol }: Listening): PortPlan {
    const { listen } = this.#options
    const server = this.#server
    // Where TLS ends here, all gets plain connections; so does what leaves its address to us.
    const speaks = asked === undefined || protocol === 'http' || 'setSecureContext' in server
    const forwarded = speaks && !this.#handsOver
    const own = this.#own
    if (own !== undefined) return { key: 'own', asked: undefined, create: () => own }
    if (listen === undefined || (forwarded && server.listening))
      return { key: 'own', asked: undefined, create: () => new UserPort(server) }
    if (!forwarded && this.#given !== undefined) return this.#handOver(this.#given)
    const place = placeOf(asked, listen)
    const text = this.#textOf(worker, place)
    return forwarded
      ? { key: `door ${text}`, asked: place, create: () => new Door(server, place) }
      : { key: `shared ${text}`, asked: place, create: () => this.#shared.create(place) }
  }

  get #handsOver(): boolean {
    return this.#options.transport === 'handoff'
  }

  /** The workers listen in the place of the server, which has had no use for its connections yet. */
  #handOver(asked: Asked): PortPlan {
    const create = (): Port => {
      this.#server.close()
      return this.#shared.create(asked)
    }
    return { key: 'own, shared', asked, create }
  }

  #textOf(worker: object, asked: Asked): string {
    if (asked.kind !== 'tcp' || asked.port !== 0) return textOf(asked)
    const count = (this.#free.get(worker) ?? 0) + 1
    this.#free.set(worker, count)
    return `${textOf(asked)} #${count}`
  }
}

/** Where a worker's first server listens, where up is to see to it. */
function placeOf(asked: Asked | undefined, listen: NonNullable<ResolvedOptions['listen']>): Asked {
  const own: Asked = { kind: 'tcp', host: listen.host, port: listen.port, flags: undefined }
  if (asked === undefined) return own
  if (listen.override) return { ...own, host: listen.host ?? (asked.kind === 'tcp' ? asked.host : undefined) }
  return asked.kind === 'tcp' ? { ...asked, host: listen.host ?? asked.host } : asked
}

/** The number of the error that says that an address is taken. */
export const ADDRESS_IN_USE = -constants.errno.EADDRINUSE
