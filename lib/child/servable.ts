import { createServer } from 'node:http'
import { Server as NetServer } from 'node:net'
import { show, UpError } from '../errors.js'
import type { Protocol } from '../worker/messages.js'
import { protocolOf } from './servers.js'

/** Something of the user's that can listen. */
export type Servable =
  | { readonly kind: Protocol; readonly server: NetServer }
  /** An object that makes its own server when it is told to listen. */
  | { readonly kind: 'listen'; readonly listen: (...args: unknown[]) => unknown }

const EXPECTED =
  'expected an http, https or net Server, a request listener (an Express app, koa.callback()), or an object ' +
  'with a `server` or a `listen` method, as module.exports or as the default export'

/**
 * Finds what can serve in what the user's module exports.
 *
 * @throws {UpError} `UP_ERR_EXPORT`: nothing that can
 */
export async function toServable(exported: unknown, file: string): Promise<Servable> {
  const value = await exported
  if (value instanceof NetServer) return fromServer(value)
  if (typeof value === 'function') return { kind: 'http', server: createServer(value as () => void) }
  if (typeof value === 'object' && value !== null) {
    if ('server' in value && value.server instanceof NetServer) {
      // Fastify and its like have to finish their set-up before their server may be used.
      if ('ready' in value && typeof value.ready === 'function')
        await (value.ready as () => unknown).call(value)
      return fromServer(value.server)
    }
    if ('listen' in value && typeof value.listen === 'function') {
      const listen = value.listen as (...args: unknown[]) => unknown
      return { kind: 'listen', listen: (...args) => listen.apply(value, args) }
    }
  }
  throw new UpError('UP_ERR_EXPORT', `${file} exports ${show(value)}, nor does it call listen(); ${EXPECTED}`)
}

function fromServer(server: NetServer): Servable {
  return { kind: protocolOf(server), server }
}

/** Why the master does not serve what a module exports. */
export function refusedExport(servable: Servable, file: string, error: unknown): unknown {
  if (!(error instanceof UpError) || error.code !== 'UP_ERR_EXPORT') return error
  const name = 'server' in servable ? servable.server.constructor.name : 'object'
  return new UpError('UP_ERR_EXPORT', `${file} exports a ${name}; ${error.message}; ${EXPECTED}`)
}
