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

interface SocketState {
  current: Client
  /** The request that came last over this connection. */
  latest: IncomingMessage
}

const EVENTS = new Set(['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect'])
const states = new WeakMap<Socket, SocketState>()
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
 */
export function showClients(field: string): void {
  for (const { prototype } of [HttpServer, HttpsServer]) {
    const emit = prototype.emit as (this: unknown, event: string | symbol, ...args: unknown[]) => boolean
    prototype.emit = function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
      if (typeof event === 'string' && EVENTS.has(event)) adopt(args[0] as IncomingMessage, field)
      return emit.call(this, event, ...args)
    }
  }
}

function adopt(req: IncomingMessage, field: string): void {
  const { rawHeaders } = req
  const at = rawHeaders.length - 2
  if (rawHeaders[at]?.toLowerCase() !== field) return
  const client = parseClient(rawHeaders[at + 1] ?? '')
  removeLast(req, at, field)

  const state = states.get(req.socket)
  if (state === undefined) {
    states.set(req.socket, { current: client, latest: req })
    redefine(req.socket)
    return
  }
  // A listener that still works for the client before, and looks now, must not see the next one.
  pin(state.latest, state.current)
  state.current = client
  state.latest = req
}

function removeLast(req: IncomingMessage, at: number, field: string): void {
  // `headers` of an upgrade has not been read yet, that of a request has.
  if (COUNT === undefined) delete req.headersDistinct[field]
  else Reflect.set(req, COUNT, at)
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

function redefine(socket: Socket): void {
  const get = <K extends keyof Client>(key: K): PropertyDescriptor => ({
    configurable: true,
    get: () => states.get(socket)?.current[key]
  })
  Object.defineProperties(socket, {
    remoteAddress: get('remoteAddress'),
    remotePort: get('remotePort'),
    remoteFamily: get('remoteFamily'),
    encrypted: get('encrypted')
  })
}

/** Gives an earlier request a view of the socket that keeps its own client. */
function pin(req: IncomingMessage, client: Client): void {
  const { socket } = req
  req.socket = new Proxy(socket, {
    get(target, key) {
      if (Object.hasOwn(client, key)) return client[key as keyof Client]
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set: (target, key, value) => Reflect.set(target, key, value, target)
  })
}
