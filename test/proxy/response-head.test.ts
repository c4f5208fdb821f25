import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResponseHead } from '#lib/proxy/response-head.js'
import { ResponseParser } from '#lib/proxy/response-parser.js'

/** The bytes of a head are checked by the parser that collects them. */
function parseHead(text: string, method: string): ResponseHead {
  let parsed: ResponseHead | undefined
  const take = (head: ResponseHead): void => void (parsed = head)
  const receiver = { onInformation: take, onHead: take, onData: () => {}, onEnd: () => {} }
  new ResponseParser(method, receiver).execute(Buffer.from(`${text}\r\n\r\n`, 'latin1'))
  assert.ok(parsed !== undefined)
  return parsed
}

test('status, reason and fields are read as they are written', () => {
  const head = parseHead('HTTP/1.1 418 I am a t\xe9apot\r\nA:1\r\nb: \t2 3\t \r\nA: \xff\r\nEmpty:', 'GET')
  assert.equal(head.status, 418)
  assert.equal(head.reason, 'I am a t\xe9apot')
  assert.deepEqual(head.fields, ['A', '1', 'b', '2 3', 'A', '\xff', 'Empty', ''])
})

for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.0 200 OK', 'HTTP/1.1 999 ?']) {
  test(`the status line ${JSON.stringify(line)} is taken`, () => {
    assert.equal(parseHead(line, 'GET').status, Number(line.slice(9, 12)))
  })
}

const CHUNKED = 'Transfer-Encoding: chunked'

for (const [title, method, text, framing, length] of [
  ['a length', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5', 'length', 5],
  ['a length of 0', 'GET', 'HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0', 'none', -1],
  ['a length with zeros before it', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 007', 'length', 7],
  ['chunks', 'GET', `HTTP/1.1 200 OK\r\n${CHUNKED}`, 'chunked', -1],
  ['chunks in capitals', 'GET', 'HTTP/1.1 200 OK\r\ntransfer-ENCODING: Chunked', 'chunked', -1],
  ['nothing', 'GET', 'HTTP/1.1 200 OK', 'close', -1],
  ['nothing, to HTTP/1.0', 'GET', 'HTTP/1.0 200 OK', 'close', -1],
  ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5', 'none', -1],
  ['HEAD and chunks', 'HEAD', `HTTP/1.1 200 OK\r\n${CHUNKED}`, 'none', -1],
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5', 'none', -1],
  ['304', 'GET', `HTTP/1.1 304 Not Modified\r\n${CHUNKED}`, 'none', -1],
  ['103', 'GET', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 0', 'none', -1],
  ['204 and a length of 0', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 0', 'none', -1]
] as const) {
  test(`${title} gives the framing ${framing}`, () => {
    const head = parseHead(text, method)
    assert.deepEqual([head.framing, head.length], [framing, length])
  })
}

for (const [text, persistent] of [
  ['HTTP/1.1 200 OK\r\nContent-Length: 5', true],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close', false],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close', false],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x\r\nConnection: close', false],
  ['HTTP/1.1 200 OK', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive', true],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close, keep-alive', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: x, keep-alive\xa0', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\t', false],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nProxy-Connection: Close', false],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nProxy-Connection: keep-alive', true]
] as const) {
  test(`a connection ${persistent ? 'goes on' : 'ends'} after ${JSON.stringify(text)}`, () => {
    assert.equal(parseHead(text, 'GET').persistent, persistent)
  })
}

for (const [title, text] of [
  ['another protocol', 'ICY 200 OK'],
  ['another version', 'HTTP/2.0 200 OK'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK'],
  ['no status', 'HTTP/1.1 OK'],
  ['a status of two digits', 'HTTP/1.1 20 OK'],
  ['a status of four digits', 'HTTP/1.1 2000 OK'],
  ['a status below 100', 'HTTP/1.1 099 OK'],
  ['a control character in the reason', 'HTTP/1.1 200 O\x01K'],
  ['CR in the reason', 'HTTP/1.1 200 O\rK'],
  ['LF in the reason', 'HTTP/1.1 200 OK\nA: 1'],
  ['white space before the version', ' HTTP/1.1 200 OK'],
  ['a field without a colon', 'HTTP/1.1 200 OK\r\nA'],
  ['a field without a name', 'HTTP/1.1 200 OK\r\n: 1'],
  ['white space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5'],
  ['white space before the name', 'HTTP/1.1 200 OK\r\n A: 1'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nA: 1\r\n 2: 3'],
  ['LF in a value', 'HTTP/1.1 200 OK\r\nA: 1\nContent-Length: 5'],
  ['CR in a value', 'HTTP/1.1 200 OK\r\nA: 1\rB: 2'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nA: \0'],
  ['DEL in a value', 'HTTP/1.1 200 OK\r\nA: \x7f'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 6'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5'],
  ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:'],
  ['a length with a plus', 'HTTP/1.1 200 OK\r\nContent-Length: +5'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -5'],
  ['a hexadecimal length', 'HTTP/1.1 200 OK\r\nContent-Length: 0x5'],
  ['a length beyond what can be counted', 'HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999'],
  ['a length and chunks', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${CHUNKED}`],
  ['chunks twice', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n${CHUNKED}`],
  ['chunks twice in one field', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked'],
  ['chunks and identity', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity'],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked'],
  ['an empty coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding:'],
  ['a length and a tab', 'HTTP/1.1 200 OK\r\nContent-Length: 5\t'],
  ['chunks and a tab', `HTTP/1.1 200 OK\r\n${CHUNKED}\t`],
  ['an interim status and a length', 'HTTP/1.1 199 OK\r\nContent-Length: 5'],
  ['an interim status and chunks', `HTTP/1.1 103 OK\r\n${CHUNKED}`],
  ['an interim status and close', 'HTTP/1.1 103 OK\r\nConnection: close'],
  ['an interim status, to HTTP/1.0', 'HTTP/1.0 100 Continue'],
  ['no space before the reason', 'HTTP/1.1 200OK'],
  ['a tab behind the status', 'HTTP/1.1 200\tOK'],
  ['CR CR behind the status line', 'HTTP/1.1 200 OK\r\rA: 1'],
  ['HTTP/1.0 and chunks', `HTTP/1.0 200 OK\r\n${CHUNKED}`]
] as const) {
  test(`a head with ${title} is refused`, () => {
    assert.throws(() => parseHead(text, 'GET'), { code: 'UP_ERR_BAD_RESPONSE' })
  })
}
