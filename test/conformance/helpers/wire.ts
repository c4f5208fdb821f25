import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import type { Distributor } from '#lib/distributor/distributor.js'
import type { DistributorOptions, ProxiedServer } from '#lib/distributor/middleware.js'
import { UpServer } from '#lib/server/up-server.js'
import type { Worker } from '#lib/worker/worker.js'
import { fixture, serve } from '../../helpers/app.js'
import { front } from '../../helpers/front.js'
import { rawUpstream, RawConnections, RawPeer, type Scope } from '../../helpers/raw.js'
import { until } from '../../helpers/wait.js'
import { targetsIn } from './requests.js'
import { FEW_VARIANTS, TLS_VARIANTS, VARIANTS, type Variant } from './variants.js'

export interface SuiteOptions {
  /** For whatever is between client and worker. */
  readonly options?: DistributorOptions
  readonly serverOptions?: ServerOptions
  /** Called before the server gets its Distributor. */
  readonly prepare?: (server: ProxiedServer) => void
  /** Called with what is between client and worker, before the first request. */
  readonly setUp?: (srv: Distributor | UpServer) => void
  /** Whether to run behind TLS, too. */
  readonly tls?: boolean
  /** Whether a part of the variants is enough: for cases that take their time. */
  readonly few?: boolean
}

/** A case: `title` begins with its number in the list of cases, where it has one. */
export type Case = (title: string, run: (t: TestContext) => Promise<void>) => void

/** Declares the same cases for each way from a client to a worker. */
export function conformance(suite: SuiteOptions, declare: (wire: Wire, test: Case) => void): void {
  const variants = suite.few === true ? FEW_VARIANTS : VARIANTS
  for (const variant of suite.tls === true ? [...variants, ...TLS_VARIANTS] : variants) {
    describe(variant.title, () => {
      const wire = new Wire(variant, suite)
      before(() => wire.start())
      after(() => wire.stop())
      declare(wire, (title, run) => {
        it(title, async t => {
          try {
            await run(t)
            await wire.settle()
          } finally {
            await wire.clear()
          }
        })
      })
    })
  }
}

/** Of what a worker receives, so many bytes per connection are kept for the check at the end. */
const MAX_SEEN = 1024 * 1024

const pem = (name: string): string => readFileSync(fixture(`tls/${name}.pem`), 'utf8')

/** A server, its worker's end in the hands of the test, and the clients of one case. */
export class Wire {
  readonly variant: Variant
  readonly #suite: SuiteOptions
  readonly #cleanups: (() => unknown)[] = []
  readonly #clients: RawPeer[] = []
  readonly #seen = new Map<Socket, string>()
  #workers = new RawConnections()
  #srv: Distributor | UpServer | undefined
  #port = 0
  /** Without any connection. */
  #idleSockets = 0

  constructor(variant: Variant, suite: SuiteOptions) {
    this.variant = variant
    this.#suite = suite
  }

  get srv(): Distributor | UpServer {
    assert.ok(this.#srv)
    return this.#srv
  }

  /** The connections that were made to the worker since the case began. */
  get connections(): readonly RawPeer[] {
    return this.#workers.connections
  }

  /** How many requests and upgrades the master has given to workers and not got back; 0 of a Distributor. */
  get inFlight(): number {
    const { srv } = this
    if (!(srv instanceof UpServer)) return 0
    const { held, workers } = srv.status()
    return workers.reduce((sum, worker) => sum + worker.inFlight + worker.upgrades, held)
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    await this.#open()
    this.#idleSockets = sockets()
  }

  async #open(): Promise<void> {
    const watch = ({ socket }: RawPeer): void => this.#watch(socket)
    const scope: Scope = { after: fn => void this.#cleanups.push(fn) }
    const { options = {}, serverOptions = {}, prepare, setUp } = this.#suite
    const server = this.variant.tls
      ? createSecureServer({ ...serverOptions, cert: pem('cert'), key: pem('key') })
      : createServer(serverOptions)
    prepare?.(server)
    if (this.variant.master === 'up') {
      const running = await serve(
        scope,
        fixture('raw-worker.cjs'),
        { numWorkers: 1, ...this.variant.up, ...options },
        server
      )
      this.#workers.onAdd = watch
      for (const worker of running.srv.workers) this.#adopt(worker)
      this.#srv = running.srv
      this.#port = running.port
    } else {
      const upstream = await rawUpstream(scope, this.variant.upstream)
      upstream.onAdd = watch
      this.#workers = upstream
      const there = await front(scope, { ...options, server })
      this.#srv = there.srv
      this.#port = there.address.port ?? 0
      setUp?.(there.srv)
      there.srv.use((_req, _res, next) => next(upstream.address))
      there.srv.ws.use((_req, _socket, next) => next(upstream.address))
      return
    }
    setUp?.(this.srv)
  }

  async stop(): Promise<void> {
    await this.clear()
    for (const cleanup of this.#cleanups.splice(0)) await cleanup()
  }

  /** A client's connection. */
  connect(): RawPeer {
    const transport = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const client = this.variant.tls ? new RawPeer(secured(transport), transport) : new RawPeer(transport)
    this.#clients.push(client)
    return client
  }

  /** Sends a request on a connection of its own. */
  send(text: string | Buffer): RawPeer {
    return this.connect().send(text)
  }

  /** The next connection that was made to the worker. */
  async accept(): Promise<RawPeer> {
    return this.#workers.accept()
  }

  /** Sends a request, and waits until the worker has its head. */
  async exchange(request: string): Promise<{ client: RawPeer; worker: RawPeer; head: string }> {
    const client = this.send(request)
    const worker = await this.accept()
    return { client, worker, head: await worker.takeHead() }
  }

  /** Answers each request on each later connection of this case by `respond`. */
  answerAll(respond: (head: string, worker: RawPeer) => void): void {
    this.#workers.answerAll(respond)
  }

  /** Nothing is in flight any more, and what was smuggled never became a request. */
  async settle(): Promise<void> {
    await until(() => this.inFlight === 0)
    for (const { socket } of this.connections) {
      const targets = targetsIn(this.#seen.get(socket) ?? '')
      assert.ok(
        !targets.some(target => target.includes('evil')),
        `the worker got a request for ${targets.join(', ')}`
      )
    }
  }

  /** Ends all connections of the case. */
  async clear(): Promise<void> {
    const clients = this.#clients.splice(0)
    for (const { socket } of clients) socket.destroy()
    await Promise.all(clients.map(client => client.whenClosed()))
    await this.#workers.clear()
    this.#seen.clear()
    // The master, which is in this process, has to learn of the ends: no later case may meet its connections.
    const isOver = (): boolean => this.inFlight === 0 && sockets() <= this.#idleSockets
    for (let turns = 0; turns < 100 && !isOver(); turns++) await new Promise(setImmediate)
    await until(isOver)
  }

  #adopt(worker: Worker): void {
    worker.proc.on('message', (message, handle) => {
      if (message !== 'connection' || handle === undefined) return
      const socket = handle as Socket
      socket.allowHalfOpen = true
      this.#workers.add(socket)
    })
  }

  #watch(socket: Socket): void {
    this.#seen.set(socket, '')
    socket.on('data', (chunk: Buffer) => {
      const seen = this.#seen.get(socket) ?? ''
      if (seen.length < MAX_SEEN) this.#seen.set(socket, seen + chunk.toString('latin1'))
    })
  }
}

/** Connections of this process, of all kinds. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap' || name === 'PipeWrap')
    .length
}

function secured(transport: Socket): Socket {
  const socket = connectSecurely({ socket: transport, ca: pem('cert'), servername: 'localhost' })
  socket.allowHalfOpen = true
  return socket
}
