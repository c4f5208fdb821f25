import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { Next } from '#lib/distributor/chain.js'
import { Distributor } from '#lib/distributor/distributor.js'
import type { DistributorRequest } from '#lib/distributor/middleware.js'
import { OptionError, UpError } from '#lib/errors.js'
import { Deferred } from '../helpers/deferred.js'
import { front, get } from '../helpers/front.js'

const UPGRADE = get('/chat', ['Connection: Upgrade', 'Upgrade: foo'])

/** Runs one middleware; returns what reached the error stack. */
async function errorOf(
  t: Parameters<typeof front>[0],
  middleware: (this: Distributor, req: DistributorRequest) => unknown
): Promise<unknown> {
  const there = await front(t)
  let seen: unknown
  there.srv
    .use(middleware)
    .use((error: unknown, _req: DistributorRequest, res: ServerResponse, _next: Next) => {
      seen = error
      res.end()
    })
  await there.ask(get('/path?query'))
  return seen
}

test('middleware runs in the order of use, with the Distributor as this', async t => {
  const there = await front(t)
  const order: unknown[] = []
  there.srv
    .use(function (_req, _res, next) {
      order.push(1, this === there.srv)
      next()
    })
    .use(function (_req, res) {
      order.push(2, this === there.srv)
      res.end()
    })
    .use(() => order.push('never'))
  await there.ask(get())
  assert.deepEqual(order, [1, true, 2, true])
})

test('use and ws.use return the Distributor', () => {
  const srv = new Distributor(createServer())
  assert.equal(
    srv.use(() => {}),
    srv
  )
  assert.equal(
    srv.ws.use(() => {}),
    srv
  )
})

test('req, res and error carry next, and req and res each other', async t => {
  const there = await front(t)
  const links: boolean[] = []
  there.srv
    .use((req, res, next) => {
      links.push(req.res === res, res.req === req, req.next === next, Reflect.get(res, 'next') === next)
      next(new Error('broken'))
    })
    .use((error: unknown, req: DistributorRequest, res: ServerResponse, next: Next) => {
      links.push(Reflect.get(Object(error), 'next') === next, req.next === next)
      links.push(Reflect.get(res, 'next') === next)
      res.end()
    })
  await there.ask(get())
  assert.deepEqual(links, Array(7).fill(true))
})

test('an upgrade carries next on req and socket, and what came behind its head', async t => {
  const there = await front(t)
  const seen: unknown[] = []
  there.srv.ws.use((req, socket, next) => {
    seen.push(req.next === next, Reflect.get(socket, 'next') === next, req.head?.toString())
    socket.end()
  })
  await there.ask(UPGRADE + 'early')
  assert.deepEqual(seen, [true, true, 'early'])
})

test('middleware goes on by the next of req as well as by its own', async t => {
  const there = await front(t)
  there.srv.use(req => req.next?.()).use((_req, res) => res.end('went on'))
  assert.match(await there.ask(get()), /went on$/)
})

test('a frozen error, and one whose next cannot be set, pass through the error stack', async t => {
  const getter = Object.defineProperty(new Error('getter'), 'next', { get: () => undefined })
  for (const broken of [Object.freeze(new Error('frozen')), getter]) {
    const there = await front(t)
    there.srv
      .use((_req, _res, next) => next(broken))
      .use((error: unknown, _req: DistributorRequest, res: ServerResponse, _next: Next) =>
        res.end(String(error === broken))
      )
    assert.match(await there.ask(get()), /true$/)
  }
})

test('only a function of four parameters is error middleware', async t => {
  const there = await front(t)
  const called: string[] = []
  there.srv
    .use((_error: unknown, _req: DistributorRequest, _res: ServerResponse, _next: Next) =>
      called.push('error middleware')
    )
    .use((...args: unknown[]) => {
      called.push(`rest of ${args.length}`)
      ;(args[2] as () => void)()
    })
    .use((_req, res) => res.end())
  await there.ask(get())
  assert.deepEqual(called, ['rest of 3'])
})

test('error middleware goes on with the same error, to the default at last', async t => {
  const there = await front(t)
  const broken = new Error('broken')
  const seen: unknown[] = []
  there.srv
    .use((_req, _res, next) => next(broken))
    .use((error: unknown, _req: DistributorRequest, _res: ServerResponse, next: Next) => {
      seen.push(error)
      next()
    })
    .use((error: unknown, _req: DistributorRequest, _res: ServerResponse, next: Next) => {
      seen.push(error)
      next()
    })
  assert.match(await there.ask(get()), /^HTTP\/1.1 500 /)
  assert.deepEqual(seen, [broken, broken])
})

test('error middleware that throws or rejects gives its own error to those behind it', async t => {
  const there = await front(t)
  const seen: string[] = []
  there.srv
    .use((_req, _res, next) => next(new Error('first')))
    .use((error: unknown, _req: DistributorRequest, _res: ServerResponse, _next: Next) => {
      seen.push(String(error))
      throw new Error('second')
    })
    .use(async (error: unknown, _req: DistributorRequest, _res: ServerResponse, _next: Next) => {
      seen.push(String(error))
      throw new Error('third')
    })
    .use((error: unknown, _req: DistributorRequest, res: ServerResponse, _next: Next) => {
      seen.push(String(error))
      res.end()
    })
  await there.ask(get())
  assert.deepEqual(seen, ['Error: first', 'Error: second', 'Error: third'])
})

test('the last error middleware may fail, too', async t => {
  const there = await front(t)
  there.srv
    .use((_req, _res, next) => next(new Error('first')))
    .use((_error: unknown, _req: DistributorRequest, _res: ServerResponse, _next: Next) => {
      throw new Error('second')
    })
  assert.match(await there.ask(get()), /^HTTP\/1.1 500 /)
})

test('an Error that is thrown reaches the error stack as it is', async t => {
  const broken = new TypeError('broken')
  const seen = await errorOf(t, () => {
    throw broken
  })
  assert.equal(seen, broken)
})

for (const [title, value] of [
  ['a string', 'broken'],
  ['undefined', undefined],
  ['null', null],
  ['a symbol', Symbol('broken')],
  ['an object', { broken: true }]
] as const) {
  for (const [how, middleware] of [
    [
      'throws',
      function broken() {
        throw value
      }
    ],
    [
      'rejects with',
      async function broken() {
        throw value
      }
    ]
  ] as const) {
    test(`a middleware that ${how} ${title} gives an error that names it and the URL`, async t => {
      const seen = await errorOf(t, middleware)
      assert.ok(seen instanceof UpError)
      assert.equal(seen.code, 'UP_ERR_THROWN')
      assert.equal(seen.cause, value)
      assert.match(seen.message, /\bbroken\b.*GET \/path\?query/)
    })
  }
}

test('a thenable whose then throws is an error of the middleware', async t => {
  const seen = await errorOf(t, () => ({
    get then() {
      throw new Error('no promise')
    }
  }))
  assert.equal(String(seen), 'Error: no promise')
})

test('a second next is an error of the middleware, also in a later turn', async t => {
  const there = await front(t)
  const second = new Deferred<unknown>()
  there.srv
    .use((_req, _res, next) => {
      next()
      setImmediate(() => {
        try {
          next(3000)
        } catch (error) {
          second.resolve(error)
        }
      })
    })
    .use((_req, res) => res.end('once'))
  assert.match(await there.ask(get('/late')), /once$/)
  const error = await second.promise
  assert.ok(error instanceof UpError)
  assert.equal(error.code, 'UP_ERR_NEXT_TWICE')
  // A function without a name is shown by its text.
  assert.match(error.message, /setImmediate.*GET \/late/)
})

test('a second next that nobody catches ends in the error stack', async t => {
  const there = await front(t)
  const errors: unknown[] = []
  there.srv
    .use((_req, _res, next) => {
      next()
      next()
    })
    .use((_req, res) => res.end('once'))
    .use((error: unknown, _req: DistributorRequest, _res: ServerResponse, next: Next) => {
      errors.push(error)
      next()
    })
  assert.match(await there.ask(get()), /once$/)
  assert.deepEqual(
    errors.map(error => (error as UpError).code),
    ['UP_ERR_NEXT_TWICE']
  )
})

test('a function that is added while a request is under way takes part in it', async t => {
  const there = await front(t)
  const decide = new Deferred()
  const waiting = new Deferred()
  there.srv.use(async (_req, _res, next) => {
    waiting.resolve()
    await decide.promise
    next()
  })
  const whole = there.ask(get())
  await waiting.promise
  there.srv.use((_req, res) => res.end('added'))
  decide.resolve()
  assert.match(await whole, /added$/)
})

test('a middleware may add another one', async t => {
  const there = await front(t)
  there.srv.use(function (_req, _res, next) {
    this.use((_req, res) => res.end('added'))
    next()
  })
  assert.match(await there.ask(get()), /added$/)
})

test('concurrent requests each have their own way through the chain', async t => {
  const there = await front(t)
  const waiting = new Map<string, () => void>()
  const both = new Deferred()
  there.srv
    .use((req, _res, next) => {
      waiting.set(req.url ?? '', () => next())
      if (waiting.size === 2) both.resolve()
    })
    .use((req, res) => res.end(req.url))
  const a = there.ask(get('/a'))
  const b = there.ask(get('/b'))
  await both.promise
  waiting.get('/b')?.()
  assert.match(await b, /\/b$/)
  waiting.get('/a')?.()
  assert.match(await a, /\/a$/)
})

for (const value of [undefined, null, 'fn', {}]) {
  test(`use(${JSON.stringify(value)}) throws at once`, () => {
    const srv = new Distributor(createServer())
    const fn = value as () => void
    assert.throws(() => srv.use(fn), OptionError)
    assert.throws(() => srv.ws.use(fn), OptionError)
  })
}

test('a Distributor wants a server', () => {
  for (const value of [undefined, null, {}, 3000])
    assert.throws(() => new Distributor(value as never), { code: 'UP_ERR_OPTION' })
})

test('a Distributor that is detached leaves the server to others', async t => {
  const there = await front(t)
  const before = there.srv.server.eventNames()
  there.srv.use((_req, res) => res.end('distributed'))
  assert.match(await there.ask(get()), /distributed$/)
  there.srv.detach()
  there.srv.server.on('request', (_req: unknown, res: ServerResponse) => res.end('undistributed'))
  assert.match(await there.ask(get()), /undistributed$/)
  assert.ok(before.includes('upgrade') && !there.srv.server.eventNames().includes('upgrade'))
})
