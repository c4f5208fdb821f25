// Middleware from the ecosystem, unchanged, in front of a real upstream.
import assert from 'node:assert/strict'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { createGunzip, createGzip, type Gzip } from 'node:zlib'
import cookieSession from 'cookie-session'
import express from 'express'
import helmet from 'helmet'
import morgan from 'morgan'
import type { HttpMiddleware } from '#lib/distributor/middleware.js'
import { Deferred } from '../helpers/deferred.js'
import { field, fieldAll, front, get, request, type Front } from '../helpers/front.js'
import { listen } from '../helpers/raw.js'

/** What connect calls middleware; the original's README promised that it is compatible. */
type Connect = (req: never, res: never, next: never) => unknown

/** A front with the middleware, which then forwards to an app of its own. */
async function inFrontOf(t: TestContext, app: RequestListener, ...middleware: Connect[]): Promise<Front> {
  const server = createServer(app)
  const upstream = await listen(t, server, 'unix')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const there = await front(t)
  for (const fn of middleware) there.srv.use(fn as HttpMiddleware)
  there.srv.use((_req, _res, next) => next(upstream))
  return there
}

test('morgan logs the status, the length and the time of a forwarded answer', async t => {
  const logged = new Deferred<string>()
  const there = await inFrontOf(
    t,
    (_req, res) => res.writeHead(201, { 'Content-Length': 5 }).end('hello'),
    morgan(':method :url :status :res[content-length] :response-time ms', {
      stream: { write: line => logged.resolve(line) }
    })
  )
  assert.match(await there.ask(get('/path?query')), /^HTTP\/1.1 201 [^]*hello$/)
  assert.match(await logged.promise, /^GET \/path\?query 201 5 [\d.]+ ms\n$/)
})

test('morgan logs what a middleware behind it answers', async t => {
  const logged = new Deferred<string>()
  const there = await front(t)
  there.srv
    .use(morgan('tiny', { stream: { write: line => logged.resolve(line) } }) as HttpMiddleware)
    .use((_req, res) => res.writeHead(404).end())
  await there.ask(get())
  assert.match(await logged.promise, /^GET \/ 404 /)
})

test('helmet secures a forwarded answer', async t => {
  const there = await inFrontOf(t, (_req, res) => res.end('hello'), helmet())
  const whole = await there.ask(get())
  assert.match(field(whole, 'Content-Security-Policy') ?? '', /default-src 'self'/)
  assert.equal(field(whole, 'X-Content-Type-Options'), 'nosniff')
  assert.match(whole, /hello/)
})

test('the app behind helmet may have another opinion', async t => {
  const app: RequestListener = (_req, res) => res.setHeader('X-Frame-Options', 'DENY').end()
  assert.deepEqual(fieldAll(await (await inFrontOf(t, app, helmet())).ask(get()), 'X-Frame-Options'), [
    'DENY'
  ])
})

test('cookie-session keeps its session over forwarded requests, next to the cookies of the app', async t => {
  const count: Connect = (req: { session: { views?: number } }, _res: unknown, next: () => void) => {
    req.session.views = (req.session.views ?? 0) + 1
    next()
  }
  const seen: (number | undefined)[] = []
  const look: Connect = (req: { session: { views?: number } }, _res: unknown, next: () => void) => {
    seen.push(req.session.views)
    next()
  }
  const app: RequestListener = (_req, res) => res.setHeader('Set-Cookie', 'app=1').end()
  const there = await inFrontOf(t, app, cookieSession({ name: 's', keys: ['key'] }), count, look)
  const cookies = fieldAll(await there.ask(get()), 'Set-Cookie')
  assert.deepEqual(
    cookies.map(cookie => cookie.split('=')[0]),
    ['app', 's', 's.sig']
  )
  const jar = cookies.map(cookie => cookie.split(';')[0]).join('; ')
  await there.ask(get('/', [`Cookie: ${jar}`]))
  assert.deepEqual(seen, [1, 2])
})

test('all three stand in one chain in front of an Express app', async t => {
  const app = express()
  app.set('trust proxy', true)
  app.post('/echo', express.json(), (req, res) => {
    res.cookie('app', '1').json({ got: req.body as unknown, ip: req.ip, host: req.hostname })
  })
  const lines: string[] = []
  const there = await inFrontOf(
    t,
    app,
    morgan('tiny', { immediate: true, stream: { write: line => lines.push(line) } }),
    helmet(),
    cookieSession({ name: 's', keys: ['key'] }),
    (req: { session: { user?: string } }, _res: unknown, next: () => void) => {
      req.session.user = 'alice'
      next()
    }
  )
  const whole = await there.ask(request('POST', '/echo', ['Content-Type: application/json'], '{"a":[1]}'))
  assert.match(whole, /^HTTP\/1.1 200 OK\r\n/)
  assert.match(whole, /\{"got":\{"a":\[1\]\},"ip":"127.0.0.1","host":"front"\}/)
  assert.equal(fieldAll(whole, 'Set-Cookie').length, 3)
  assert.equal(lines.length, 1)
})

/** What `compression` does, in short: it puts its own functions in the place of write, end and on. */
function compress(_req: unknown, res: ServerResponse, next: () => void): void {
  const { write, end, on } = res
  let gzip: Gzip | undefined
  const start = (): Gzip => {
    if (gzip !== undefined) return gzip
    const stream = (gzip = createGzip())
    stream
      .on('data', (chunk: Buffer) => {
        if (!Reflect.apply(write, res, [chunk])) stream.pause()
      })
      .on('end', () => void Reflect.apply(end, res, []))
    on.call(res, 'drain', () => stream.resume())
    return stream
  }
  const { writeHead } = res
  res.writeHead = function (status: number, reason?: unknown) {
    res.removeHeader('Content-Length')
    res.setHeader('Content-Encoding', 'gzip')
    return Reflect.apply(writeHead, res, [status, reason]) as ServerResponse
  }
  res.write = (chunk: Buffer) => {
    // As `_implicitHeader` does for a head that was not written yet.
    if (!res.headersSent) res.writeHead(res.statusCode)
    return start().write(chunk)
  }
  res.end = ((chunk?: Buffer) => {
    if (!res.headersSent) res.writeHead(res.statusCode)
    start().end(chunk)
    return res
  }) as typeof end
  res.on = ((event: string, listener: () => void) => {
    if (event === 'drain') start().on(event, listener)
    else on.call(res, event, listener)
    return res
  }) as typeof on
  next()
}

test('middleware that puts itself in the place of write, end and on compresses a forwarded answer', async t => {
  const body = 'some text that is repeated, '.repeat(200_000)
  const app: RequestListener = (_req, res) => res.setHeader('Content-Length', body.length).end(body)
  const there = await inFrontOf(t, app, compress)
  const whole = await there.ask(get('/', ['Accept-Encoding: gzip']))
  const head = whole.slice(0, whole.indexOf('\r\n\r\n') + 4)
  assert.equal(field(head, 'Content-Encoding'), 'gzip')
  assert.equal(field(head, 'Content-Length'), undefined)
  assert.equal(field(head, 'Transfer-Encoding'), 'chunked')
  assert.equal(await gunzip(dechunk(whole.slice(head.length))), body)
})

test('a compressed answer without a body is whole, too', async t => {
  const there = await inFrontOf(t, (_req, res) => res.end(), compress)
  const whole = await there.ask(get())
  assert.equal(await gunzip(dechunk(whole.slice(whole.indexOf('\r\n\r\n') + 4))), '')
})

function dechunk(text: string): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = parseInt(text.slice(at, lineEnd), 16)
    if (size === 0) return Buffer.concat(pieces)
    pieces.push(Buffer.from(text.slice(lineEnd + 2, lineEnd + 2 + size), 'latin1'))
    at = lineEnd + 2 + size + 2
  }
}

async function gunzip(data: Buffer): Promise<string> {
  const stream = createGunzip()
  stream.end(data)
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
