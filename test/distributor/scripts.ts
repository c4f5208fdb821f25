import { createRequire } from 'node:module'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { Distributor } from '#lib/distributor/distributor.js'
import type { DistributorRequest } from '#lib/distributor/middleware.js'
import { DONE, type Outcome } from '#lib/proxy/outcome.js'
import type { Upstream } from '#lib/proxy/upstream.js'
import { listen, rawClient } from '../helpers/raw.js'

/** What one middleware does when it is called. */
export type Action =
  | { readonly kind: 'next' }
  | { readonly kind: 'fail'; readonly message: string }
  | { readonly kind: 'forward'; readonly to: readonly [port: number | string, host?: string | null] }
  | { readonly kind: 'answer'; readonly status: number }

/** One call of `use` or `ws.use`, and what the function that it gets does. */
export interface Step {
  readonly stack: 'http' | 'ws'
  /** The function's `length`: 4 makes it error middleware. */
  readonly arity: number
  readonly when: 'at once' | 'in a microtask' | 'in a later turn'
  readonly action: Action
}

export type Script = readonly Step[]

/** All that can be seen of a request and an upgrade that went through the chain of a script. */
export interface Trace {
  /** One line per call of a middleware, and per forward. */
  readonly calls: readonly string[]
  readonly status: number
  readonly upgrade: 'ended' | 'forwarded'
}

type Log = (line: string) => void

/** What the two distributors have in common. */
interface Chain {
  use(fn: (...args: never[]) => unknown): unknown
  readonly ws: { use(fn: (...args: never[]) => unknown): unknown }
}

type Make = (server: Server, log: Log) => Chain

/** The parts of distribute@0.1.4 that are used here. */
interface Original extends Chain {
  readonly proxy: {
    proxyRequest: (req: IncomingMessage, res: ServerResponse, target: OriginalTarget) => void
    proxyWebSocketRequest: (
      req: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      target: OriginalTarget
    ) => void
  }
}

interface OriginalTarget {
  readonly port: number | string
  readonly host: string
}

const distribute = createRequire(import.meta.url)('distribute') as (server: Server) => Original

/** distribute@0.1.4; its proxying, which today's Node does not run, is replaced by a record of the target. */
export const original: Make = (server, log) => {
  const srv = distribute(server)
  srv.proxy.proxyRequest = (_req, res, { port, host }) => {
    log(`forward the request to ${host}:${port}`)
    res.end()
  }
  srv.proxy.proxyWebSocketRequest = (_req, socket, head, { port, host }) => {
    log(`forward the upgrade to ${host}:${port} with ${head.toString()}`)
    socket.end('forwarded')
  }
  return srv
}

/** Our Distributor, whose forwarding is replaced in the same way. */
export const ours: Make = (server, log) => new Recorder(server, log) as unknown as Chain

class Recorder extends Distributor {
  readonly #log: Log

  constructor(server: Server, log: Log) {
    super(server)
    this.#log = log
  }

  protected override forwardRequest(
    _req: DistributorRequest,
    res: ServerResponse,
    { address }: Upstream
  ): Promise<Outcome> {
    this.#log(`forward the request to ${address.host}:${address.port}`)
    res.end()
    return Promise.resolve(DONE)
  }

  protected override forwardUpgrade(
    req: DistributorRequest,
    socket: Duplex,
    { address }: Upstream
  ): Promise<Outcome> {
    this.#log(`forward the upgrade to ${address.host}:${address.port} with ${String(req.head)}`)
    socket.end('forwarded')
    return Promise.resolve(DONE)
  }
}

/** Builds the script's chain, sends one request and one upgrade through it, and tells what happened. */
export async function trace(t: TestContext, make: Make, script: Script): Promise<Trace> {
  const calls: string[] = []
  const server = createServer()
  const srv = make(server, line => calls.push(line))
  script.forEach((step, i) => {
    const fn = middleware(srv, step, `${i}`, line => calls.push(line))
    const chained = step.stack === 'ws' ? srv.ws.use(fn) : srv.use(fn)
    if (chained !== srv) calls.push(`use ${i} did not return the Distributor`)
  })
  const address = await listen(t, server)
  const client = rawClient(t, address)
  const head = await client.send('POST /path HTTP/1.1\r\nHost: front\r\nContent-Length: 0\r\n\r\n').takeHead()
  client.end()
  const upgrading = rawClient(t, address)
  const rest = await upgrading
    .send('GET /chat HTTP/1.1\r\nHost: front\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nearly')
    .takeAll()
  upgrading.end()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  return {
    calls,
    status: Number(head.slice(9, 12)),
    upgrade: rest === 'forwarded' ? 'forwarded' : 'ended'
  }
}

type NextFunction = (...args: unknown[]) => void
type Linked = { next?: unknown; req?: unknown; res?: unknown; head?: unknown }

function middleware(srv: Chain, step: Step, id: string, log: Log): (...args: never[]) => unknown {
  function fn(this: unknown, ...args: unknown[]): void {
    const next = args.at(-1) as NextFunction
    const links = args.slice(0, -1).map(arg => ((arg as Linked).next === next ? 'linked' : 'not linked'))
    log(
      `${id}(${args.map(roleOf).join(', ')}) this=${this === srv ? 'srv' : String(this)} ${links.join(', ')} ` +
        linksOf(step, args)
    )
    const act = (): void => perform(step.action, args, next)
    if (step.when === 'at once') act()
    else if (step.when === 'in a microtask') queueMicrotask(act)
    else setImmediate(act)
  }
  return Object.defineProperty(fn, 'length', { value: step.arity })
}

function perform(action: Action, args: readonly unknown[], next: NextFunction): void {
  const answer = args.at(-2) as ServerResponse | Duplex
  switch (action.kind) {
    case 'next':
      return next()
    case 'fail':
      return next(new Error(action.message))
    case 'forward':
      return next(...action.to)
    case 'answer':
      if ('statusCode' in answer) answer.statusCode = action.status
      answer.end()
  }
}

function roleOf(arg: unknown): string {
  if (arg instanceof Error) return `error ${arg.message}`
  if (typeof arg === 'function') return 'next'
  if (typeof arg !== 'object' || arg === null) return String(arg)
  if ('method' in arg) return 'req'
  return 'statusCode' in arg ? 'res' : 'socket'
}

function linksOf(step: Step, args: readonly unknown[]): string {
  const [req, answer] = args.slice(-3, -1) as [Linked, Linked]
  if (step.stack === 'ws') return `head=${String(req.head)} res=${String(req.res)}`
  return req.res === answer && answer.req === req
    ? 'req and res know each other'
    : 'req and res are strangers'
}
