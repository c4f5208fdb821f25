// What distribute 0.1.4 did wrong, and what happens here instead. In all else the two are equal: see
// oracle.test.ts.
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import type { Next } from '#lib/distributor/chain.js'
import { distribute } from '#lib/distributor/distribute.js'
import { Distributor } from '#lib/distributor/distributor.js'
import type { DistributorRequest } from '#lib/distributor/middleware.js'
import { UpError } from '#lib/errors.js'
import { answer, front, get, hop, type Front } from '../helpers/front.js'
import { rawUpstream } from '../helpers/raw.js'

const UPGRADE = get('/chat', ['Connection: Upgrade', 'Upgrade: foo'])

/** The errors that reach the error stack of requests; each is answered with 599. */
function errorsOf(there: Front): unknown[] {
  const errors: unknown[] = []
  there.srv.use((error: unknown, _req: DistributorRequest, res: ServerResponse, _next: Next) => {
    errors.push(error)
    res.writeHead(599).end()
  })
  return errors
}

async function frontWithErrors(t: TestContext): Promise<{ there: Front; errors: unknown[] }> {
  const there = await front(t)
  return { there, errors: errorsOf(there) }
}

test('an error of an upgrade reaches its error middleware, where a ReferenceError was thrown', async t => {
  const there = await front(t)
  const broken = new Error('broken')
  const seen: unknown[] = []
  there.srv.ws
    .use((_req, _socket, next) => next(broken))
    .ws.use((error: unknown, req: DistributorRequest, socket: Duplex, next: Next) => {
      seen.push(error, req.url)
      socket.end('handled')
      assert.equal((error as { next?: unknown }).next, next)
    })
  assert.equal(await there.ask(UPGRADE), 'handled')
  assert.deepEqual(seen, [broken, '/chat'])
})

test('an error of an upgrade that nobody handles ends the socket', async t => {
  const there = await front(t)
  there.srv.ws.use((_req, _socket, next) => next(new Error('broken')))
  assert.equal(await there.ask(UPGRADE), '')
})

test('to look at srv.ws changes nothing, where the next use went to the upgrades', async t => {
  const there = await front(t)
  assert.equal(there.srv.ws, there.srv.ws)
  there.srv.use((_req, res) => res.end('a request'))
  assert.match(await there.ask(get()), /a request$/)
})

test('ws.use can be taken off and kept, where it depended on the getter before it', async t => {
  const there = await front(t)
  const { use } = there.srv.ws
  use((_req, _socket, next) => next())
  use((_req, socket) => socket.end('an upgrade'))
  assert.equal(await there.ask(UPGRADE), 'an upgrade')
})

for (const nothing of [undefined, null]) {
  test(`next(${nothing}) goes on, where it forwarded to port ${nothing}`, async t => {
    const there = await front(t)
    there.srv.use((_req, _res, next) => next(nothing)).use((_req, res) => res.end('went on'))
    assert.match(await there.ask(get()), /went on$/)
  })
}

test('a middleware that throws enters the error stack, where the process died', async t => {
  const { there, errors } = await frontWithErrors(t)
  const broken = new Error('broken')
  there.srv.use(() => {
    throw broken
  })
  assert.match(await there.ask(get()), /^HTTP\/1.1 599/)
  assert.deepEqual(errors, [broken])
})

test('a middleware whose promise rejects enters the error stack, where the request hung', async t => {
  const { there, errors } = await frontWithErrors(t)
  const broken = new Error('broken')
  there.srv.use(async () => {
    throw broken
  })
  assert.match(await there.ask(get()), /^HTTP\/1.1 599/)
  assert.deepEqual(errors, [broken])
})

test('error middleware may give on another error, where a TypeError was thrown', async t => {
  const there = await front(t)
  const seen: string[] = []
  there.srv
    .use((_req, _res, next) => next(new Error('first')))
    .use((error: unknown, _req: DistributorRequest, _res: ServerResponse, next: Next) => {
      seen.push(String(error))
      next(new Error('second'))
    })
    .use((error: unknown, _req: DistributorRequest, res: ServerResponse, _next: Next) => {
      seen.push(String(error))
      res.end()
    })
  await there.ask(get())
  assert.deepEqual(seen, ['Error: first', 'Error: second'])
})

test('error middleware may forward, where a TypeError was thrown', async t => {
  const upstream = await rawUpstream(t)
  const there = await front(t)
  there.srv
    .use((_req, _res, next) => next(new Error('broken')))
    .use((_error: unknown, _req: DistributorRequest, _res: ServerResponse, next: Next) =>
      next(upstream.address)
    )
  const whole = there.ask(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send(answer('a page that says sorry'))
  assert.match(await whole, /sorry$/)
})

test('a second next names the middleware that called it, where the one behind it was named', async t => {
  const there = await front(t)
  const thrown: unknown[] = []
  there.srv
    .use(function impatient(_req, _res, next) {
      next()
      try {
        next()
      } catch (error) {
        thrown.push(error)
      }
    })
    .use(function innocent(_req, res) {
      res.end('once')
    })
  assert.match(await there.ask(get('/twice')), /once$/)
  const [error] = thrown
  assert.ok(error instanceof UpError)
  assert.equal(error.code, 'UP_ERR_NEXT_TWICE')
  assert.match(error.message, /\bimpatient\b.*GET \/twice/)
})

test('an error behind the head of the answer truncates it, where writing a second head threw', async t => {
  const there = await front(t)
  there.srv.use((_req, res, next) => {
    res.writeHead(200, { 'Content-Length': 10 })
    res.write('half.', () => next(new Error('broken')))
  })
  const client = there.connect().send(get())
  assert.match(await client.takeAll(), /half\.$/)
})

test('an error behind a whole answer leaves it as it is', async t => {
  const there = await front(t)
  there.srv.use((_req, res, next) => {
    res.end('whole', () => next(new Error('broken')))
  })
  assert.match(await there.ask(get()), /whole/)
})

for (const value of ['route', false, {}, 0, -1, 70_000]) {
  test(`next(${JSON.stringify(value)}) is an error, where the proxy tried to connect to it`, async t => {
    const { there, errors } = await frontWithErrors(t)
    there.srv.use((_req, _res, next) => next(value))
    assert.match(await there.ask(get()), /^HTTP\/1.1 599/)
    assert.equal((errors[0] as UpError).code, 'UP_ERR_NEXT')
  })
}

test('distribute makes a Distributor also as a method of something, where it returned nothing', () => {
  const lib = { distribute }
  assert.ok(lib.distribute(createServer()) instanceof Distributor)
  assert.ok(new distribute(createServer()) instanceof Distributor)
})

test('a dead upstream is answered with 502, where the request hung', async t => {
  const { front: there, upstream } = await hop(t)
  await upstream.close()
  assert.match(await there.ask(get()), /^HTTP\/1.1 502 /)
})
