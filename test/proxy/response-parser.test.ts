import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UpstreamError } from '#lib/errors.js'
import type { ResponseHead } from '#lib/proxy/response-head.js'
import { ResponseParser } from '#lib/proxy/response-parser.js'

interface Parsed {
  /** What the receiver heard; pieces of body that follow one another are joined. */
  readonly events: string[]
  /** What lay behind the response. */
  readonly rest: string
  readonly error: string | undefined
}

/** Parses `pieces` one after the other, and then the end of the connection if `closed`. */
function parse(pieces: readonly Buffer[], { method = 'GET', closed = false } = {}): Parsed {
  const events: string[] = []
  let body: string | undefined
  let rest = ''
  const note = (event: string): void => {
    if (body !== undefined) events.push(`body ${body}`)
    body = undefined
    events.push(event)
  }
  const show = (head: ResponseHead): string => `${head.status} ${head.reason} ${head.fields.join('|')}`
  const parser = new ResponseParser(method, {
    onInformation: head => note(`information ${show(head)}`),
    onHead: head => note(`head ${show(head)}`),
    onData: piece => (body = (body ?? '') + piece.toString('latin1')),
    onEnd: () => note('end')
  })
  let error: string | undefined
  try {
    for (const piece of pieces) rest += parser.execute(piece).toString('latin1')
    if (closed) parser.finish()
  } catch (thrown) {
    assert.ok(thrown instanceof UpstreamError)
    error = thrown.code
  }
  if (body !== undefined) events.push(`body ${body}`)
  return { events, rest, error }
}

interface Sample {
  readonly text: string
  readonly method?: string
  readonly closed?: boolean
  readonly events: string[]
  readonly rest?: string
  readonly error?: string
}

/** Responses, and what is none, each with what all of its cuts must give. */
const SAMPLES: Record<string, Sample> = {
  'a body of known length': {
    text: 'HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\n\r\nhello',
    events: ['head 200 OK A|1|Content-Length|5', 'body hello', 'end']
  },
  'a body of known length and bytes behind it': {
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n',
    events: ['head 200 OK Content-Length|2', 'body ok', 'end'],
    rest: 'HTTP/1.1 200 OK\r\n'
  },
  'no body': { text: 'HTTP/1.1 204 No Content\r\n\r\n', events: ['head 204 No Content ', 'end'] },
  'an empty body': {
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    events: ['head 200 OK Content-Length|0', 'end']
  },
  'the answer to HEAD': {
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    method: 'HEAD',
    events: ['head 200 OK Content-Length|5', 'end']
  },
  'the chunked answer to HEAD': {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    method: 'HEAD',
    events: ['head 200 OK Transfer-Encoding|chunked', 'end']
  },
  'a 304 with a length': {
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    events: ['head 304 Not Modified Content-Length|5', 'end']
  },
  'a chunked body with an extension and trailers': {
    text:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '5;a="b"\r\nhello\r\nA\r\n, world..\n\r\n0\r\nX: 1\r\nY: 2\r\n\r\n',
    events: ['head 200 OK Transfer-Encoding|chunked', 'body hello, world..\n', 'end']
  },
  'a chunked body and bytes behind it': {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n\r\nmore',
    events: ['head 200 OK Transfer-Encoding|chunked', 'body a', 'end'],
    rest: '\r\nmore'
  },
  'a body that ends with the connection': {
    text: 'HTTP/1.0 200\r\n\r\nall of it',
    closed: true,
    events: ['head 200  ', 'body all of it', 'end']
  },
  'an empty body that ends with the connection': {
    text: 'HTTP/1.1 200 OK\r\n\r\n',
    closed: true,
    events: ['head 200 OK ', 'end']
  },
  'interim answers': {
    text:
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
    events: [
      'information 100 Continue ',
      'information 103 Early Hints Link|</a>',
      'head 200 OK Content-Length|1',
      'body a',
      'end'
    ]
  },
  'a switch of protocols': {
    text: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nContent-Length: 5\r\n\r\n\r\n\r\nfoo',
    events: ['head 101 Switching Protocols Upgrade|foo|Content-Length|5'],
    rest: '\r\n\r\nfoo'
  },
  'a connection that ends before an answer': {
    text: '',
    closed: true,
    events: [],
    error: 'UP_ERR_UPSTREAM_CLOSED'
  },
  'a connection that ends in the head': {
    text: 'HTTP/1.1 200 OK\r\nA: 1\r\n',
    closed: true,
    events: [],
    error: 'UP_ERR_UPSTREAM_CLOSED'
  },
  'a connection that ends behind an interim answer': {
    text: 'HTTP/1.1 100 Continue\r\n\r\n',
    closed: true,
    events: ['information 100 Continue '],
    error: 'UP_ERR_UPSTREAM_CLOSED'
  },
  'a connection that ends in a body of known length': {
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
    closed: true,
    events: ['head 200 OK Content-Length|5', 'body hell'],
    error: 'UP_ERR_UPSTREAM_CLOSED'
  },
  'a connection that ends before the last chunk': {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n',
    closed: true,
    events: ['head 200 OK Transfer-Encoding|chunked', 'body a'],
    error: 'UP_ERR_UPSTREAM_CLOSED'
  },
  'a connection that ends in the trailers': {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n',
    closed: true,
    events: ['head 200 OK Transfer-Encoding|chunked'],
    error: 'UP_ERR_UPSTREAM_CLOSED'
  },
  'no HTTP': { text: 'SSH-2.0-OpenSSH\r\n\r\n', events: [], error: 'UP_ERR_BAD_RESPONSE' },
  'a bad answer behind an interim one': {
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 OK\r\n\r\n',
    events: ['information 100 Continue '],
    error: 'UP_ERR_BAD_RESPONSE'
  },
  'a bad chunk': {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n-1\r\n',
    events: ['head 200 OK Transfer-Encoding|chunked', 'body a'],
    error: 'UP_ERR_BAD_RESPONSE'
  }
}

function cut(text: string, at: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const edges = [0, ...[...at].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
}

for (const [title, { text, events, rest = '', error, ...how }] of Object.entries(SAMPLES)) {
  const expected: Parsed = { events, rest, error }

  test(`${title} is parsed the same whatever its cuts`, () => {
    const everywhere = Array.from(text, (_, i) => i)
    assert.deepEqual(parse(cut(text, everywhere), how), expected)
    for (const i of everywhere) {
      for (const j of everywhere.slice(i)) assert.deepEqual(parse(cut(text, [i, j]), how), expected)
    }
  })
}

test('any body survives any chunks and any cuts', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
  const cuts = fc.array(fc.nat(400), { maxLength: 10 })
  fc.assert(
    fc.property(chunks, cuts, (bodies, at) => {
      const pieces = bodies.map(chunk => Buffer.from(chunk).toString('latin1'))
      const coded = pieces.map(piece => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`
      const within = at.map(i => Math.min(i, text.length))
      const { events, error } = parse(cut(text, within))
      const body = pieces.join('')
      assert.equal(error, undefined)
      assert.deepEqual(events.slice(1), body === '' ? ['end'] : [`body ${body}`, 'end'])
    }),
    { numRuns: 300, seed: 9112 }
  )
})

test('a head may be long, but not without end', () => {
  const head = (bytes: number): Buffer =>
    Buffer.from(`HTTP/1.1 204 No Content\r\nA: ${'x'.repeat(bytes)}\r\n\r\n`)
  assert.equal(parse([head(60_000)]).error, undefined)
  assert.equal(parse([head(70_000)]).error, 'UP_ERR_BAD_RESPONSE')
  // Refused before its end has come.
  const pieces = Array.from({ length: 70 }, () => Buffer.alloc(1000, 'x'))
  assert.equal(parse([Buffer.from('HTTP/1.1 200 OK\r\nA: '), ...pieces]).error, 'UP_ERR_BAD_RESPONSE')
})

test('the limit of a head is the same whatever its cuts', () => {
  const begin = 'HTTP/1.1 204 No Content\r\nA: '
  const head = (bytes: number): string => `${begin}${'x'.repeat(bytes - begin.length)}\r\n\r\n`
  for (const at of [[], [1], [40_000], [65_534], [65_535], [65_536], [65_537], [65_538], [65_539]]) {
    assert.equal(parse(cut(head(65_536), at)).error, undefined)
    assert.equal(parse(cut(head(65_537), at)).error, 'UP_ERR_BAD_RESPONSE')
  }
})

test('a head that comes byte by byte costs the same per byte, however long it is', () => {
  const time = (bytes: number): number => {
    const pieces = Array.from(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(bytes)}`, byte => Buffer.from(byte))
    const start = process.cpuUsage()
    parse(pieces)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / bytes
  }
  time(4000)
  // Were all that came before copied at each read, it would be six times as much.
  const least = (bytes: number): number => Math.min(...Array.from({ length: 5 }, () => time(bytes)))
  const [short, long] = [least(4000), least(64_000)]
  assert.ok(long < short * 3, `${short} us a byte of 4 kB, ${long} us a byte of 64 kB`)
})

for (const [title, text] of [
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a line that ends in LF', 'HTTP/1.1 200 OK\n'],
  ['a control character', 'HTTP/1.1 200 OK\r\nA: \0'],
  ['white space before a colon', 'HTTP/1.1 200 OK\r\nA :'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nA: 1\r\n ']
] as const) {
  test(`${title} is refused before the head ends, which might be never`, () => {
    for (let i = 0; i < text.length; i++)
      assert.equal(parse(cut(text, [i])).error, 'UP_ERR_BAD_RESPONSE', `cut at ${i}`)
  })
}

test('interim answers do not go on without end', () => {
  const text = 'HTTP/1.1 103 Early Hints\r\n\r\n'
  assert.equal(parse([Buffer.from(text.repeat(100))]).error, undefined)
  assert.equal(parse([Buffer.from(text.repeat(101))]).error, 'UP_ERR_BAD_RESPONSE')
})

test('a parser knows whether an answer has begun', () => {
  const nothing = (): void => {}
  const receiver = { onInformation: nothing, onHead: nothing, onData: nothing, onEnd: nothing }
  for (const text of ['H', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n']) {
    const parser = new ResponseParser('GET', receiver)
    assert.equal(parser.started, false)
    parser.execute(Buffer.from(text))
    assert.equal(parser.started, true)
  }
})
