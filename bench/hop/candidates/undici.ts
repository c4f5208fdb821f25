// A proxy of node:http and undici's dispatch, written for little work per request: the raw fields are
// handed on in both directions, and no stream stands between the answer and `res`.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { Pool, type Dispatcher } from 'undici'
import { listen, readSetup, tellStarted } from './serve.js'

/** Fields of one connection only (RFC 9110 7.6.1), and `Expect`, which node:http has answered. */
const HOP_BY_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  'expect'
])
/** The client does not say who it is; we do. */
const FORWARDED = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'])

const pools = readSetup().sockets.map(socketPath => new Pool('http://backend', { socketPath }))
let turn = 0
const server = createServer((req, res) => {
  turn = (turn + 1) % pools.length
  const withBody =
    req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined
  pools[turn]?.dispatch(
    {
      method: req.method ?? 'GET',
      path: req.url ?? '/',
      headers: requestFields(req),
      body: withBody ? req : null
    },
    new Answer(res)
  )
})

const { version } = createRequire(import.meta.url)('undici/package.json') as { version: string }
const port = await listen(server)
tellStarted({ port, hop: [process.pid], workers: [], version }, async () => {})

function requestFields({ rawHeaders, headers, socket }: IncomingMessage): string[] {
  const named = namedByConnection(headers.connection)
  const fields: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || FORWARDED.has(lower) || named?.has(lower) === true) continue
    fields.push(name, rawHeaders[i + 1] ?? '')
  }
  fields.push('X-Forwarded-For', socket.remoteAddress ?? '', 'X-Forwarded-Proto', 'http')
  if (headers.host !== undefined) fields.push('X-Forwarded-Host', headers.host)
  return fields
}

function namedByConnection(value: string | undefined): Set<string> | undefined {
  // By far the most say nothing else.
  if (value === undefined || value === 'keep-alive') return undefined
  return new Set(
    value
      .toLowerCase()
      .split(',')
      .map(name => name.trim())
  )
}

/** Undici's older form of a handler: the newer one makes an object of the fields first. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse
  #abort: ((error?: Error) => void) | undefined
  #over = false

  constructor(res: ServerResponse) {
    this.#res = res
    res.on('close', () => {
      if (!this.#over) this.#abort?.()
    })
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.#res.destroyed) abort()
    else this.#abort = abort
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, reason: string): boolean {
    if (status < 200) return true
    const fields: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i]?.toString('latin1') ?? ''
      if (!HOP_BY_HOP.has(name.toLowerCase())) fields.push(name, raw[i + 1]?.toString('latin1') ?? '')
    }
    this.#res.writeHead(status, reason, fields)
    this.#res.on('drain', resume)
    return true
  }

  onData(piece: Buffer): boolean {
    return this.#res.write(piece)
  }

  onComplete(): void {
    this.#over = true
    this.#res.end()
  }

  onError(): void {
    this.#over = true
    if (this.#res.headersSent) this.#res.destroy()
    else this.#res.writeHead(502).end()
  }
}
