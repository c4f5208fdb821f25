import { readFileSync } from 'node:fs'
import {
  connect,
  createSecureServer,
  createServer,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders
} from 'node:http2'
import type { TestContext } from 'node:test'
import type { ProxiedServer } from '#lib/distributor/middleware.js'
import type { UpOptions } from '#lib/options/options.js'
import { UpServer } from '#lib/server/up-server.js'
import { fixture } from './app.js'
import { hop, type Front } from './front.js'
import { listen, type RawUpstream } from './raw.js'

const pem = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url), 'utf8')
export const cert = pem('cert.pem')
export const key = pem('key.pem')

/** A server of both versions, by ALPN. */
export function bothServer(): ReturnType<typeof createSecureServer> {
  return createSecureServer({ cert, key, allowHTTP1: true })
}

/** A session with a server, which ends with the test. */
export function session(t: TestContext, origin: string): ClientHttp2Session {
  const client = connect(origin, { ca: cert, servername: 'localhost' })
  client.on('error', () => {})
  t.after(() => client.destroy())
  return client
}

/** A session with a front that forwards all to a scripted upstream; over TCP, or over TLS. */
export async function http2Hop(
  t: TestContext,
  secure = false
): Promise<{ front: Front; upstream: RawUpstream; client: ClientHttp2Session; origin: string }> {
  const { front, upstream } = await hop(t, { server: secure ? bothServer() : createServer() })
  const origin = `${secure ? 'https' : 'http'}://127.0.0.1:${front.address.port ?? 0}`
  return { front, upstream, client: session(t, origin), origin }
}

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders
  readonly status: number
  readonly body: string
  /** The code of the reset; 0 for none. */
  readonly code: number
}

/** Sends a request; its stream can be written to if `open`. */
export function send(
  client: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  open = false
): ClientHttp2Stream {
  return client.request({ ':path': '/', ...headers }, { endStream: !open })
}

/** Waits for the end of a stream, good or bad. */
export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise(resolve => {
    let headers: IncomingHttpHeaders = {}
    let body = ''
    stream
      .on('response', received => (headers = received))
      .on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
      .on('error', () => {})
      .on('close', () =>
        resolve({ headers, status: Number(headers[':status'] ?? 0), body, code: stream.rstCode ?? 0 })
      )
  })
}

export function ask(client: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): Promise<Http2Answer> {
  return answerOf(send(client, headers))
}

export interface RunningHttp2 {
  readonly srv: UpServer
  readonly port: number
  readonly origin: string
  /** Requests and upgrades that are in flight at any worker. */
  inFlight(): number
}

/** Serves the app of the fixtures behind such a server; the workers may still be starting. */
export async function serveHttp2(
  t: TestContext,
  server: ProxiedServer,
  options: UpOptions = {}
): Promise<RunningHttp2> {
  const file = fixture('app.mjs')
  const srv = new UpServer(server, file, { numWorkers: 2, workerTimeout: '5s', execArgv: [], ...options })
  t.after(() => srv.close())
  const { port = 0 } = await listen(t, server)
  return {
    srv,
    port,
    origin: `https://127.0.0.1:${port}`,
    inFlight: () => srv.status().workers.reduce((sum, { inFlight, upgrades }) => sum + inFlight + upgrades, 0)
  }
}
