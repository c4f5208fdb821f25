import { constants } from 'node:os'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { Meter } from '../meters/meter.js'
import type { ResolvedOptions } from '../options/options.js'
import { Door } from '../ports/door.js'
import { FreePorts } from '../ports/free-ports.js'
import { textOf, type Port } from '../ports/port.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import type { Worker } from '../worker/worker.js'
import { HttpPort } from './http-port.js'
import type { SharedPorts } from './shared-ports.js'
import { UserPort } from './user-port.js'

/** Where a worker's server gets its connections from. */
export interface PortPlan {
  /** The same for all servers that share it. */
  readonly key: string
  /** Where that is; undefined: wherever the user's server listens. */
  readonly asked: Asked | undefined
  /** Whether the app has chosen the place: then it is the first to know if that cannot be had. */
  readonly byApp: boolean
  /** Whether it waits for a worker that can serve, since the server listens there until then. */
  readonly late?: boolean
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
  readonly #free = new FreePorts()

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
  further(worker: Worker, wanted: Asked, listening: Listening): PortPlan {
    const { protocol } = listening
    const asked = this.#numbered(worker, listening, wanted)
    return protocol === 'http' && !this.#handsOver
      ? {
          key: `http ${textOf(asked)}`,
          asked,
          byApp: true,
          create: () => new HttpPort(asked, this.#options, this.#meter)
        }
      : this.#sharedAt(worker, asked, listening, true)
  }

  /** For the server that a worker listens with first. */
  primary(worker: Worker, listening: Listening): PortPlan {
    const { asked, protocol } = listening
    const { listen } = this.#options
    const server = this.#server
    // Where TLS ends here, all gets plain connections; so does what leaves its address to us.
    const speaks = asked === undefined || protocol === 'http' || 'setSecureContext' in server
    const forwarded = speaks && !this.#handsOver
    const own = this.#own
    if (own !== undefined) return { key: 'own', asked: undefined, byApp: false, create: () => own }
    if (listen === undefined || (forwarded && server.listening))
      return { key: 'own', asked: undefined, byApp: false, create: () => new UserPort(server) }
    if (!forwarded && this.#given !== undefined) return this.#handOver(this.#given, worker)
    const place = this.#given ?? this.#numbered(worker, listening, placeOf(asked, listen))
    const byApp = asked !== undefined && !listen.override
    return forwarded
      ? { key: `door ${textOf(place)}`, asked: place, byApp, create: () => new Door(server, place) }
      : this.#sharedAt(worker, place, listening, byApp)
  }

  /** Another process has the port that was found for a server that wants any. @returns whether it does */
  tryAnother(listening: Listening, asked: Asked | undefined): boolean {
    return asked?.kind === 'tcp' && this.#free.lose(listening, asked.port)
  }

  get #handsOver(): boolean {
    return this.#options.transport === 'handoff'
  }

  /** The workers listen in the place of the server, once they can serve: it has had no use for its connections yet. */
  #handOver(asked: Asked, worker: Worker): PortPlan {
    const create = (): Port => this.#shared.create(asked, worker, () => this.#server.close())
    return { key: 'own, shared', asked, byApp: false, late: this.#server.listening, create }
  }

  /** By what they speak: who only looks whether a port is free must not get what somebody else serves there. */
  #sharedAt(worker: Worker, asked: Asked, { protocol }: Listening, byApp: boolean): PortPlan {
    const create = (): Port => this.#shared.create(asked, worker)
    return { key: `shared ${protocol} ${textOf(asked)}`, asked, byApp, create }
  }

  #numbered(worker: Worker, listening: Listening, asked: Asked): Asked {
    if (asked.kind !== 'tcp' || asked.port !== 0) return asked
    return { ...asked, port: this.#free.find(worker, listening, asked) }
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
