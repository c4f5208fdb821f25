import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { UpError } from '#lib/errors.js'
import { adoptHttp2Request } from '#lib/proxy/http2-request.js'

// What nghttp2 does not let through, should it ever.

/** Adopts a request, and returns its fields. */
function adopt(raw: readonly string[], endAfterHeaders = true): readonly string[] {
  const stream = Object.assign(new EventEmitter(), { endAfterHeaders })
  const req = { stream, rawHeaders: [...raw], headers: {} } as unknown as IncomingMessage
  adoptHttp2Request(req, { stream } as unknown as ServerResponse)
  return req.rawHeaders
}

const GET = [':method', 'GET', ':path', '/', ':scheme', 'https', ':authority', 'front']

function refuses(raw: readonly string[], endAfterHeaders = true): void {
  assert.throws(
    () => adopt(raw, endAfterHeaders),
    (error: unknown) => error instanceof UpError && error.code === 'UP_ERR_BAD_REQUEST'
  )
}

test('A request gets the fields that it would have in HTTP/1.1', () => {
  assert.deepEqual(adopt([...GET, 'cookie', 'a=1', 'x-one', '1', 'cookie', 'b=2', 'x-one', '2']), [
    ...['Host', 'front', 'x-one', '1', 'x-one', '2', 'Cookie', 'a=1; b=2']
  ])
  assert.deepEqual(adopt(GET, false), ['Host', 'front', 'Transfer-Encoding', 'chunked'])
  assert.deepEqual(adopt([...GET, 'content-length', '5'], false), ['Host', 'front', 'Content-Length', '5'])
})

for (const name of [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'X-One',
  'x one',
  'x:one',
  'x\r\none',
  ''
]) {
  test(`A field with the name ${JSON.stringify(name)} is refused`, () => refuses([...GET, name, '1']))
}

for (const code of [0, 1, 8, 10, 13, 31, 127]) {
  const character = String.fromCharCode(code)
  test(`The character ${code} is refused wherever it stands`, () => {
    refuses([...GET, 'x-one', `a${character}b`])
    refuses([...GET, 'cookie', `a${character}b`])
    refuses([...GET.slice(0, -1), `front${character}`])
    refuses([':method', `GET${character}`, ...GET.slice(2)])
    refuses([...GET.slice(0, 3), `/${character}`, ...GET.slice(4)])
    refuses([...GET.slice(0, 5), `https${character}`, ...GET.slice(6)])
  })
}

for (const length of ['', '-1', '+1', '1.0', '0x1', '1 ', '1, 1', '١', '9'.repeat(17)]) {
  test(`The length ${JSON.stringify(length)} is refused`, () => {
    refuses([...GET, 'content-length', length], false)
  })
}

test('A length without a body, and more than one, are refused', () => {
  refuses([...GET, 'content-length', '5'])
  refuses([...GET, 'content-length', '5', 'content-length', '5'], false)
})

test('A pseudo-field that comes twice is refused', () => refuses([...GET, ':path', '/']))
