import { IncomingMessage, Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Socket } from 'node:net'

/** Who sent a request to the master. */
interface Client {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly remoteFamily: string | undefined
  readonly encrypted: boolean
}

/** What is kept with a connection from the master; its requests come one after the other. */
interface FromMaster {
  /** The present client, as the master wrote it; it is read when somebody asks. */
  text: string
  /** The request that came last. */
  latest: IncomingMessage
}

/** Every request passes here: a property is found faster than the entry of a map. */
const FROM_MASTER = Symbol('from the master')
type MasterSocket = Socket & { [FROM_MASTER]?: FromMaster }

const EVENTS = new Set(['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect'])
/** Where node:http keeps how much of `rawHeaders` it makes `headers` and `headersDistinct` of, once they are read. */
const COUNT = Object.getOwnPropertySymbols(new IncomingMessage(new Socket())).find(
  ({ description }) => description === 'kHeadersCount'
)

/**
 * Makes requests from the master look as if their client had connected itself: the socket's
 * `remoteAddress`, `remotePort`, `remoteFamily` and `encrypted` are the client's.
 *
 * The master says so in a field behind all others, whose name only the two know. It is taken out
 * before any listener sees the request, for all http servers of this process: whoever listens, and
 * however listeners are moved about, as Socket.IO does.
 *
 * @param field the field's name in lower case
 * @param onMaster is called with the server of each connection that turns out to be the master's
 */
export function showClients(field: string, onMaster?: (server: HttpServer | HttpsServer) => void): void {
  for (const { prototype } of [HttpServer, HttpsServer]) {
    const emit = prototype.emit as (this: unknown, event: string | symbol, ...args: unknown[]) => boolean
    prototype.emit = function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
      if (typeof event === 'string' && EVENTS.has(event)) {
        const isFirst = adopt(args[0] as IncomingMessage, field)
        if (isFirst) onMaster?.(this as HttpServer)
      }
      return emit.call(this, event, ...args)
    }
  }
}

/** @returns whether it is the first request that the master sends over this connection */
function adopt(req: IncomingMessage, field: string): boolean {
  const { rawHeaders } = req
  const at = rawHeaders.length - 2
  const name = rawHeaders[at]
  if (name !== field && name?.toLowerCase() !== field) return false
  const text = rawHeaders[at + 1] ?? ''
  removeLast(req, at, field)

  const socket: MasterSocket = req.socket
  const known = socket[FROM_MASTER]
  if (known === undefined) {
    socket[FROM_MASTER] = { text, latest: req }
    redefine(socket)
    return true
  }
  // A listener that still works for the client before, and looks now, must not see the next one.
  if (known.text !== text) known.latest.socket = new Proxy(socket, new Pinned(known.text))
  known.text = text
  known.latest = req
  return false
}

function removeLast(req: IncomingMessage, at: number, field: string): void {
  // `headers` of an upgrade has not been read yet, that of a request has.
  if (COUNT === undefined) delete req.headersDistinct[field]
  else (req as IncomingMessage & Record<symbol, unknown>)[COUNT] = at
  delete req.headers[field]
  req.rawHeaders.length = at
}

/** `<address or -> <port> <s for TLS, p for plain>` */
function parseClient(text: string): Client {
  const [address = '-', port = '0', encrypted] = text.split(' ')
  const remoteAddress = address === '-' ? undefined : address
  return {
    remoteAddress,
    remotePort: remoteAddress === undefined ? undefined : Number(port),
    remoteFamily: remoteAddress === undefined ? undefined : remoteAddress.includes(':') ? 'IPv6' : 'IPv4',
    encrypted: encrypted === 's'
  }
}

const SHOWN = ['remoteAddress', 'remotePort', 'remoteFamily', 'encrypted'] as const satisfies (keyof Client)[]

function redefine(socket: MasterSocket): void {
  for (const key of SHOWN) {
    const get = (): unknown => parseClient(socket[FROM_MASTER]?.text ?? '')[key]
    Object.defineProperty(socket, key, { configurable: true, get })
  }
}

/** A view of the connection that keeps the client of an earlier request. */
class Pinned implements ProxyHandler<Socket> {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get(target: Socket, key: string | symbol): unknown {
    if (SHOWN.includes(key as keyof Client)) return parseClient(this.#text)[key as keyof Client]
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === 'function' ? (value.bind(target) as unknown) : value
  }

  set(target: Socket, key: string | symbol, value: unknown): boolean {
    return Reflect.set(target, key, value, target)
  }
}
