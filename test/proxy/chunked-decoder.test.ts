import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChunkedDecoder } from '#lib/proxy/chunked-decoder.js'

function decode(text: string): { body: string; done: boolean; at: number } {
  const decoder = new ChunkedDecoder()
  let body = ''
  const at = decoder.decode(Buffer.from(text, 'latin1'), 0, {
    onData: piece => void (body += piece.toString('latin1'))
  })
  return { body, done: decoder.done, at }
}

for (const [title, text, body] of [
  ['no chunk but the last', '0\r\n\r\n', ''],
  ['several zeros as the last', '000\r\n\r\n', ''],
  ['sizes in both cases', 'a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n', '01234567890123456789a'],
  ['a size with zeros before it', '0001\r\na\r\n0\r\n\r\n', 'a'],
  ['extensions', '1;a\r\nx\r\n1;a="\xe9\\""\r\ny\r\n0;z\r\n\r\n', 'xy'],
  ['data that looks like a chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
  ['trailers', '1\r\na\r\n0\r\nX: 1\r\nX-Empty:\r\n\r\n', 'a']
] as const) {
  test(`it decodes ${title}`, () => {
    assert.deepEqual(decode(text), { body, done: true, at: text.length })
  })
}

test('it stops behind the body', () => {
  assert.deepEqual(decode('1\r\na\r\n0\r\n\r\nmore'), { body: 'a', done: true, at: 11 })
})

for (const [title, text] of [
  ['an empty size', '\r\n'],
  ['a size with a minus', '-1\r\na\r\n'],
  ['a size with a plus', '+1\r\na\r\n'],
  ['a size with white space before it', ' 1\r\na\r\n'],
  ['a size with white space behind it', '1 \r\na\r\n'],
  ['a size with a prefix', '0x1\r\na\r\n'],
  ['a size with an underscore', '1_0\r\na\r\n'],
  ['a size that is not hexadecimal', 'g\r\na\r\n'],
  ['a size beyond what can be counted', '20000000000000\r\n'],
  ['a size line that ends in LF', '1\na\r\n'],
  ['a size line with CR in it', '1\r1\r\na\r\n'],
  ['an extension with a control character', '1;\x01\r\na\r\n'],
  ['an extension with NUL', '1;\0\r\na\r\n'],
  ['an extension behind white space', '1 ;a\r\na\r\n'],
  ['an extension with white space behind it', '1;a \r\na\r\n'],
  ['an extension whose quotes are not closed', '1;a="b\r\na\r\n'],
  ['an extension with something behind its quotes', '1;a="b"c\r\na\r\n'],
  ['an extension without a name', '1;=b\r\na\r\n'],
  ['data that is longer than its size', '1\r\nab\r\n'],
  ['data that ends in LF', '1\r\na\n'],
  ['data that ends in CR and another byte', '1\r\na\rb'],
  ['a trailer without a colon', '0\r\nX\r\n\r\n'],
  ['a trailer whose name has white space', '0\r\nX : 1\r\n\r\n'],
  ['a trailer that is folded', '0\r\nX: 1\r\n y\r\n\r\n'],
  ['a trailer line that ends in LF', '0\r\nX: 1\n\r\n'],
  ['a last line that ends in LF', '0\r\n\n'],
  ['a length as trailer', '0\r\nContent-Length: 5\r\n\r\n'],
  ['a coding as trailer', '0\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['close as trailer', '0\r\nConnection: close\r\n\r\n'],
  ['a line without end', '1;' + 'x'.repeat(5000)],
  ['trailers without end', '0\r\n' + `X: ${'x'.repeat(3000)}\r\n`.repeat(6)]
] as const) {
  test(`it refuses ${title}`, () => {
    // A byte that is wrong may show only at the line's end.
    assert.throws(() => decode(text + '\r\n'), { code: 'UP_ERR_BAD_RESPONSE' })
  })
}

test('a size line may have 4096 bytes, but no more', () => {
  const chunk = (line: number): string => `1;${'x'.repeat(line - 4)}\r\na\r\n0\r\n\r\n`
  assert.equal(decode(chunk(4096)).body, 'a')
  assert.throws(() => decode(chunk(4097)), { code: 'UP_ERR_BAD_RESPONSE' })
})

test('trailers may have 16,384 bytes together, but no more', () => {
  const body = (last: number): string =>
    `0\r\n${`X: ${'x'.repeat(4000)}\r\n`.repeat(4)}Y:${'y'.repeat(last)}\r\n\r\n`
  assert.equal(decode(body(16_384 - 4 * 4003 - 2)).done, true)
  assert.throws(() => decode(body(16_384 - 4 * 4003 - 1)), { code: 'UP_ERR_BAD_RESPONSE' })
})
