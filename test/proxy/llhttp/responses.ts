import fc from 'fast-check'
import { mutated, SNIPPET } from './mutations.js'

/** One response as a worker might send it, in bytes written as latin1 text, with where its reads are cut. */
export interface Case {
  readonly method: string
  readonly text: string
  /** Where the text is cut, in 1/1000 of its length. */
  readonly cuts: readonly number[]
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n'

/** Chooses among texts, the earlier ones much more often, so that most messages are valid but for one thing. */
function mostly(usual: readonly string[], rare: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...rare) }
  )
}

const BYTE = fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code))
const BYTES = fc.string({ unit: BYTE, maxLength: 12 })
const LONG = fc.integer({ min: 100, max: 6000 })

const VERSION = mostly(
  ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'],
  [
    'HTTP/2.0',
    'HTTP/0.9',
    'HTTP/1.2',
    'HTTP/1.10',
    'http/1.1',
    'HTTP/1',
    'HTTP/11.1',
    'ICE/1.0',
    'RTSP/1.0',
    ''
  ]
)
const STATUS = mostly(
  ['200', '200', '204', '304', '404', '500', '101', '201', '206'],
  ['099', '000', '1000', '20', '2', '', '999', '2 00', '+20', '100', '199', '205', '20x']
)
const REASON = mostly(
  [' OK', ' OK', '', ' ', ' Not Found', ' \xe9t\xe9'],
  ['OK', '  OK', '\tOK', ' O\tK', ' O\0K', ' O\x7fK', ' O\rK', ' O\nK', ' OK ', ' \x01']
)
const STATUS_LINE = fc
  .tuple(VERSION, mostly([' '], ['', '  ', '\t']), STATUS, REASON)
  .map(parts => parts.join(''))

const NAME = mostly(
  ['A', 'Date', 'X-Some-Name', 'Set-Cookie', 'Server', 'Vary', "!#$%&'*+-.^_`|~0"],
  ['', 'A b', 'A ', ' A', 'A\t', 'A\0', '(A)', 'A\x7f', '\xe9', '"A"', 'A\r']
)
const VALUE = fc.oneof(
  {
    weight: 8,
    arbitrary: mostly(
      ['1', '', 'a b', 'text/plain; charset="utf-8"', '\xff\x80', 'a\tb', 'a,b', ': :'],
      ['\0', 'a\x7f', '\x01', 'a\rb', 'a\nb', 'a\r\n b', 'a\r\n\tb', '\r\n', ' \x0b', '\x0c', '\xa0a\xa0']
    )
  },
  { weight: 2, arbitrary: BYTES }
)
const LENGTH = mostly(
  ['0', '3', '5', '10', '05', '7'],
  [
    '',
    '+5',
    '-5',
    '0x5',
    '5, 5',
    '5,5',
    '5 5',
    '5\t',
    '1e1',
    '9007199254740991',
    '9007199254740992',
    '18446744073709551615',
    '18446744073709551616',
    '00000000000000000005',
    '5;',
    '5\xa0'
  ]
)
const CODING = mostly(
  ['chunked', 'chunked', 'Chunked', 'CHUNKED'],
  [
    'gzip, chunked',
    'gzip,chunked',
    'chunked, gzip',
    'chunked, chunked',
    'chunked, identity',
    'identity',
    'gzip',
    '',
    'chunked,',
    ', chunked',
    'chunked;a=b',
    'chunke',
    'chunkedd',
    'x chunked',
    'chunked x',
    '"chunked"',
    'chunked\t',
    '\xa0chunked',
    'chunked\xa0'
  ]
)
const OPTIONS = mostly(
  ['close', 'keep-alive', 'Close', 'Keep-Alive', 'upgrade', 'X-Some-Name'],
  [
    'close, keep-alive',
    'keep-alive, close',
    'keep-alive,close',
    'close,',
    ',close',
    ', close',
    'close x',
    'x close',
    'closed',
    'close\t',
    'close ,upgrade',
    'close\t, x',
    'keep-alive\xa0',
    '\xa0close',
    'close;',
    'keep-alive ,x',
    'keep-alivex',
    ''
  ]
)
const BLANK = mostly([' ', '', ' '], ['\t', '  \t ', '\x0b', '\xa0', '\r\n ', '\r', '\n', '\0'])
const LINE_END = mostly(['\r\n'], ['\n', '\r', '\r\r\n', ' \r\n', '\t \r\n', '\n\r', '\r\n ', '\0\r\n', ''])

function field(name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(name, mostly([':'], [' :', '', '::', '\t:', '=']), BLANK, value, LINE_END)
    .map(parts => parts.join(''))
}

const FIELD = fc.oneof(
  { weight: 6, arbitrary: field(NAME, VALUE) },
  { weight: 2, arbitrary: field(mostly(['Connection', 'connection'], ['Proxy-Connection']), OPTIONS) },
  { weight: 1, arbitrary: field(mostly(['Upgrade'], ['upgrade']), VALUE) },
  { weight: 1, arbitrary: field(mostly(['Content-Length', 'content-LENGTH'], ['Content_Length']), LENGTH) },
  { weight: 1, arbitrary: field(mostly(['Transfer-Encoding', 'transfer-encoding'], ['TE']), CODING) },
  { weight: 1, arbitrary: fc.tuple(NAME, LONG).map(([name, length]) => `${name}: ${'x'.repeat(length)}\r\n`) }
)

const FIELDS = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(FIELD, { maxLength: 3 }) },
    // Node's binding hands over 32 fields at a time.
    { weight: 1, arbitrary: fc.array(field(NAME, VALUE), { minLength: 30, maxLength: 70 }) }
  )
  .map(lines => lines.join(''))

const EXTENSION = fc.oneof(
  { weight: 20, arbitrary: fc.constant('') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ';a',
      ';a=b',
      ';a="b c"',
      ';a="\\""',
      ';a=b;c="d"',
      ';',
      ';;',
      ' ;a',
      '; a',
      ';a =b',
      ';a= b',
      ';a=',
      ';=b',
      ';a="b',
      ';a="b"c',
      ';a="\xe9\t"',
      ';a=\xe9',
      ';a="\\\x01"',
      ';a="\0"',
      ' ',
      '\t',
      ';a ',
      ';a=b ',
      ';a=b=c'
    )
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(';', ';a=', ';a="'), LONG).map(([a, n]) => a + 'y'.repeat(n))
  }
)
const SIZE_FORM = mostly(
  ['', '', '', '0', '00'],
  [
    '-',
    '+',
    ' ',
    '0x',
    '0'.repeat(13),
    '0'.repeat(20),
    '0'.repeat(4000),
    '1',
    'f',
    'ffffffffffffff',
    '_',
    '\t',
    '\r\n'
  ]
)
const CHUNK = fc
  .record({
    data: fc.oneof(
      fc.string({ unit: BYTE, minLength: 1, maxLength: 20 }),
      fc.constantFrom('hello', '0\r\n\r\n')
    ),
    form: SIZE_FORM,
    upper: fc.boolean(),
    extension: EXTENSION,
    lineEnd: LINE_END,
    dataEnd: LINE_END
  })
  .map(({ data, form, upper, extension, lineEnd, dataEnd }) => {
    const size = data.length.toString(16)
    return `${form}${upper ? size.toUpperCase() : size}${extension}${lineEnd}${data}${dataEnd}`
  })
const TRAILERS = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.array(FIELD, { minLength: 1, maxLength: 3 }).map(lines => lines.join('')) }
)
const LAST_CHUNK = fc
  .tuple(
    mostly(['0'], ['00', '', ' 0', '-0', '0x0', '0'.repeat(30)]),
    EXTENSION,
    LINE_END,
    TRAILERS,
    LINE_END
  )
  .map(parts => parts.join(''))

const BODY = fc.oneof(
  fc.constant(''),
  BYTES,
  fc.string({ unit: BYTE, maxLength: 30 }),
  fc.constant('HTTP/1.1 200 OK\r\n\r\n')
)
/** Framing fields with a body that fits them, if nothing else of the message says otherwise. */
const FRAMED = fc.oneof(
  { weight: 3, arbitrary: BODY.map(body => [`Content-Length: ${body.length}\r\n`, body] as const) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.array(CHUNK, { maxLength: 3 }), LAST_CHUNK)
      .map(([chunks, last]) => [CHUNKED, chunks.join('') + last] as const)
  },
  { weight: 2, arbitrary: BODY.map(body => ['', body] as const) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(field(fc.constant('Content-Length'), LENGTH), BODY)
      .map(([line, body]) => [line, body] as const)
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(field(fc.constant('Transfer-Encoding'), CODING), fc.array(CHUNK, { maxLength: 2 }), LAST_CHUNK)
      .map(([line, chunks, last]) => [line, chunks.join('') + last] as const)
  }
)

const INTERIM = fc
  .tuple(
    mostly(['HTTP/1.1'], ['HTTP/1.0']),
    mostly(['100 Continue', '103 Early Hints', '102'], ['104 x', '199', '101 x']),
    fc.array(FIELD, { maxLength: 1 })
  )
  .map(([version, status, fields]) => `${version} ${status}\r\n${fields.join('')}\r\n`)
const INTERIMS = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.array(INTERIM, { minLength: 1, maxLength: 2 }).map(heads => heads.join('')) }
)

const REST = mostly(
  ['', ''],
  ['\r\n', 'HTTP/1.1 200 OK\r\n\r\n', '0\r\n\r\n', '\0', 'GET / HTTP/1.1\r\n\r\n']
)

const MESSAGE = fc
  .tuple(INTERIMS, STATUS_LINE, LINE_END, FIELDS, FRAMED, FIELDS, LINE_END, REST)
  .map(([interims, line, lineEnd, before, [framing, body], after, headEnd, rest]) =>
    [interims, line, lineEnd, before, framing, after, headEnd, body, rest].join('')
  )

/** Parts of messages in any order. */
const SOUP = fc
  .array(fc.oneof(STATUS_LINE, FIELD, CHUNK, LAST_CHUNK, SNIPPET, INTERIM), { maxLength: 8 })
  .map(parts => parts.join(''))

const NOISE = fc.string({ unit: BYTE, maxLength: 200 })

const TEXT = fc.oneof(
  { weight: 8, arbitrary: MESSAGE },
  { weight: 8, arbitrary: mutated(MESSAGE) },
  { weight: 2, arbitrary: SOUP },
  { weight: 1, arbitrary: NOISE },
  { weight: 1, arbitrary: NOISE.map(noise => `HTTP/1.1 200 OK\r\n${noise}`) },
  { weight: 1, arbitrary: NOISE.map(noise => `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n${noise}`) }
)

export const CASE: fc.Arbitrary<Case> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD'),
  text: TEXT,
  cuts: fc.array(fc.nat(1000), { maxLength: 6 })
})
