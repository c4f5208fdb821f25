import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { front, type Front } from '../helpers/front.js'
import { listen } from '../helpers/raw.js'
import { END_STREAM, GET, RawHttp2, type StreamEnd } from '../helpers/raw-http2.js'

// What is harmless in HTTP/2 can be two requests in HTTP/1.1. The upstream is node:http itself, which keeps its
// connections: whatever breaks out of its message is a request that it sees.

const EVIL = 'GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n'

type Field = readonly [string, string]

interface Seen {
  readonly line: string
  readonly host: string | undefined
  readonly fields: readonly string[]
  readonly body: string
}

interface Sides {
  readonly front: Front
  /** The requests that the upstream got to their ends. */
  readonly seen: Seen[]
}

async function start(t: TestContext): Promise<Sides> {
  const seen: Seen[] = []
  const upstream: Server = createServer((req, res) => {
    text(req).then(
      body => {
        seen.push({
          line: `${req.method ?? ''} ${req.url ?? ''}`,
          host: req.headers.host,
          fields: req.rawHeaders,
          body
        })
        res.end(req.url)
      },
      () => {}
    )
  })
  const address = await listen(t, upstream)
  t.after(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  const there = await front(t, { server: createHttp2Server() })
  there.srv.use((_req, _res, next) => next(address))
  return { front: there, seen }
}

function without(...names: string[]): Field[] {
  return GET.filter(([name]) => !names.includes(name))
}

/** An ordinary request with some of its fields changed, or more fields. */
function changed(...fields: Field[]): Field[] {
  const names = fields.map(([name]) => name).filter(name => name.startsWith(':'))
  const pseudo = [...without(...names), ...fields.filter(([name]) => name.startsWith(':'))]
  return [...pseudo, ...fields.filter(([name]) => !name.startsWith(':'))]
}

/** Sends a request, tells what became of it, and makes sure that the next one is not affected. */
async function attack(
  { front: there, seen }: Sides,
  t: TestContext,
  fields: readonly Field[],
  body?: string
): Promise<{ end: StreamEnd; seen: Seen[] }> {
  const client = new RawHttp2(t, there.address)
  client.headers(1, fields, body === undefined ? END_STREAM : 0)
  if (body !== undefined) client.frame('DATA', END_STREAM, 1, body)
  const end = await client.end(1)
  const mine = seen.splice(0)
  for (let i = 0; i < 2; i++) {
    const next = new RawHttp2(t, there.address).headers(1, changed([':path', `/next-${i}`]))
    assert.equal(await next.end(1), 'answered')
  }
  assert.deepEqual(
    seen.splice(0).map(({ line }) => line),
    ['GET /next-0', 'GET /next-1']
  )
  assert.deepEqual(
    mine.filter(({ line, host }) => line.includes('evil') || host === 'evil'),
    []
  )
  return { end, seen: mine }
}

const REFUSED: readonly (readonly [title: string, fields: readonly Field[], body?: string])[] = [
  ['content-length 0 and a body', changed([':method', 'POST'], ['content-length', '0']), EVIL],
  ['a content-length that is too small', changed([':method', 'POST'], ['content-length', '1']), EVIL],
  ['a content-length that is too large', changed([':method', 'POST'], ['content-length', '999']), EVIL],
  ['a content-length without a body', changed([':method', 'POST'], ['content-length', '5'])],
  [
    'two lengths',
    changed([':method', 'POST'], ['content-length', '5'], ['content-length', `${EVIL.length}`]),
    EVIL
  ],
  [
    'two equal lengths',
    changed([':method', 'POST'], ['content-length', '5'], ['content-length', '5']),
    'abcde'
  ],
  ['a list of lengths', changed([':method', 'POST'], ['content-length', '5, 5']), 'abcde'],
  ['a length with a sign', changed([':method', 'POST'], ['content-length', '+5']), 'abcde'],
  ['a hexadecimal length', changed([':method', 'POST'], ['content-length', '0x5']), 'abcde'],
  ['transfer-encoding', changed([':method', 'POST'], ['transfer-encoding', 'chunked']), `0\r\n\r\n${EVIL}`],
  [
    'transfer-encoding and a length',
    changed([':method', 'POST'], ['content-length', '5'], ['transfer-encoding', 'chunked']),
    'abcde'
  ],
  ['connection', changed(['connection', 'close'])],
  ['connection that names a field', changed(['connection', 'x-one'], ['x-one', '1'])],
  ['keep-alive', changed(['keep-alive', '5'])],
  ['proxy-connection', changed(['proxy-connection', 'close'])],
  ['upgrade', changed(['upgrade', 'websocket'])],
  ['te with more than trailers', changed(['te', 'gzip'])],
  ['a line break in the path', changed([':path', '/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil'])],
  ['a space in the path', changed([':path', '/ HTTP/1.1'])],
  ['a tab in the path', changed([':path', '/\tx'])],
  ['NUL in the path', changed([':path', '/\0'])],
  ['a line break in the method', changed([':method', 'GET /evil HTTP/1.1\r\nx: '])],
  ['a space in the method', changed([':method', 'GET /evil'])],
  ['an empty method', changed([':method', ''])],
  ['a line break in the authority', changed([':authority', 'front\r\nx-one: 1'])],
  ['a space in the authority', changed([':authority', 'front evil'])],
  ['a path in the authority', changed([':authority', 'front/evil'])],
  ['user information in the authority', changed([':authority', 'evil@front'])],
  ['an empty authority', changed([':authority', ''])],
  ['two hosts', [...without(':authority'), ['host', 'front'], ['host', 'evil']]],
  ['neither authority nor host', without(':authority')],
  ['a line break in the scheme', changed([':scheme', 'http\r\nx: 1'])],
  ['an upper-case name', changed(['X-One', '1'])],
  ['an upper-case Content-Length', changed([':method', 'POST'], ['Content-Length', '5']), 'abcde'],
  ['an empty path', changed([':path', ''])],
  ['no path', without(':path')],
  ['no method', without(':method')],
  ['no scheme', without(':scheme')],
  ['the path * for GET', changed([':path', '*'])],
  ['an absolute path', changed([':path', 'http://evil/'])],
  ['a relative path', changed([':path', 'evil'])],
  ['two paths', [...GET, [':path', '/evil']]],
  ['two methods', [...GET, [':method', 'POST']]],
  ['two authorities', [...GET, [':authority', 'evil']]],
  ['an unknown pseudo-field', [...GET, [':evil', '1']]],
  ['a pseudo-field of answers', [...GET, [':status', '200']]],
  ['a pseudo-field behind the others', [...without(':path'), ['x-one', '1'], [':path', '/']]],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'evil:80']
    ]
  ],
  [
    'CONNECT with a body',
    [
      [':method', 'CONNECT'],
      [':authority', 'evil:80']
    ],
    EVIL
  ],
  ['CONNECT with a protocol', changed([':method', 'CONNECT'], [':protocol', 'websocket'])]
]

for (const [title, fields, body] of REFUSED) {
  test(`${title}: refused`, async t => {
    const { end, seen } = await attack(await start(t), t, fields, body)
    assert.notEqual(end, 'answered')
    assert.deepEqual(seen, [])
  })
}

/** nghttp2, which node:http2 is made of, drops a field that cannot be sent; the rest goes on as it should. */
const DROPPED: readonly (readonly [title: string, fields: readonly Field[]])[] = [
  ['a line break in a value', changed(['x-one', `1\r\nHost: evil`])],
  ['a whole request in a value', changed(['x-one', `1\r\n\r\n${EVIL}`])],
  ['a line feed in a value', changed(['x-one', '1\nx-two: 2'])],
  ['a carriage return in a value', changed(['x-one', '1\rx-two: 2'])],
  ['NUL in a value', changed(['x-one', '1\0'])],
  ['a line break in a cookie', changed(['cookie', 'a=1\r\nHost: evil'])],
  ['a line break in a name', changed(['x-one: 1\r\nhost', 'evil'])],
  ['a colon in a name', changed(['transfer-encoding: chunked\r\nx', '1'])],
  ['a colon at the end of a name', changed(['x-one:', '1'])],
  ['a space in a name', changed(['x one', '1'])],
  ['a space at the end of a name', changed(['content-length ', '5'])],
  ['an empty name', changed(['', '1'])]
]

for (const [title, fields] of DROPPED) {
  test(`${title}: refused, or forwarded without that field`, async t => {
    const { end, seen } = await attack(await start(t), t, fields)
    if (end !== 'answered') return assert.deepEqual(seen, [])
    assert.deepEqual(
      seen.map(({ line, host, body }) => [line, host, body]),
      [['GET /', 'front', '']]
    )
    const names = seen[0]?.fields.filter((_, i) => i % 2 === 0)
    assert.deepEqual(names, ['Host', 'Via', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host'])
  })
}

interface Forwarded {
  readonly fields: readonly Field[]
  readonly body?: string
  readonly line: string
  readonly host?: string
  /** Lines that the upstream gets. */
  readonly has?: readonly string[]
}

const FORWARDED: Readonly<Record<string, Forwarded>> = {
  'a body without a length, that looks like a request, goes in chunks': {
    fields: changed([':method', 'POST']),
    body: EVIL,
    line: 'POST /',
    has: ['Transfer-Encoding: chunked']
  },
  'a body that looks like the end of chunks does not end them': {
    fields: changed([':method', 'POST']),
    body: `0\r\n\r\n${EVIL}`,
    line: 'POST /'
  },
  'a body with its length keeps it': {
    fields: changed([':method', 'POST'], ['content-length', `${EVIL.length}`]),
    body: EVIL,
    line: 'POST /',
    has: [`Content-Length: ${EVIL.length}`]
  },
  'the body of a GET is its own': { fields: changed(), body: EVIL, line: 'GET /' },
  'an empty body with the length 0 is none': {
    fields: changed([':method', 'POST'], ['content-length', '0']),
    body: '',
    line: 'POST /',
    has: ['Content-Length: 0']
  },
  'of authority and host the authority counts': {
    fields: changed(['host', 'evil']),
    line: 'GET /',
    host: 'front'
  },
  'without an authority the host counts': {
    fields: [...without(':authority'), ['host', 'back']],
    line: 'GET /',
    host: 'back'
  },
  'a path with two slashes is a path': {
    fields: changed([':path', '//front2/x?y=//z']),
    line: 'GET //front2/x?y=//z'
  },
  'OPTIONS * is forwarded': { fields: changed([':method', 'OPTIONS'], [':path', '*']), line: 'OPTIONS *' },
  'cookies are joined': {
    fields: changed(['cookie', 'a=1'], ['x-one', '1'], ['cookie', 'b=2']),
    line: 'GET /',
    has: ['Cookie: a=1; b=2']
  },
  'te: trailers stays on its hop': { fields: changed(['te', 'trailers']), line: 'GET /' },
  'a scheme that is not ours changes nothing': {
    fields: changed([':scheme', 'https']),
    line: 'GET /',
    has: ['X-Forwarded-Proto: http']
  }
}

for (const [title, { fields, body, line, host = 'front', has = [] }] of Object.entries(FORWARDED)) {
  test(title, async t => {
    const { end, seen } = await attack(await start(t), t, fields, body)
    assert.equal(end, 'answered')
    const [first] = seen
    assert.deepEqual([first?.line, first?.host, first?.body, seen.length], [line, host, body ?? '', 1])
    const lines = first?.fields.flatMap((name, i, all) =>
      i % 2 === 0 ? [`${name}: ${all[i + 1] ?? ''}`] : []
    )
    for (const expected of has) assert.ok(lines?.includes(expected), lines?.join())
    assert.equal(lines?.filter(text => /^(te|:.*|transfer-encoding: chunked.+):/i.test(text)).length, 0)
  })
}
