import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { answer, get, hop, request } from '../helpers/front.js'
import { TRANSPORTS } from '../helpers/raw.js'

for (const transport of TRANSPORTS) {
  test(`a request and its answer pass over ${transport}, and both connections go on`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect()
    for (let i = 0; i < 3; i++) {
      client.send(request('PUT', `/${i}`, ['X-One: 1'], 'a body'))
      const worker = i === 0 ? await upstream.accept() : upstream.connections[0]
      assert.ok(worker !== undefined)
      const head = await worker.takeHead()
      assert.ok(
        head.startsWith(`PUT /${i} HTTP/1.1\r\nHost: front\r\nX-One: 1\r\nContent-Length: 6\r\n`),
        head
      )
      assert.equal(await worker.takeBytes(6), 'a body')
      worker.send(answer('an answer', ['X-Two: 2'], '299 Odd'))
      const answered = await client.takeHead()
      assert.match(answered, /^HTTP\/1.1 299 Odd\r\nX-Two: 2\r\nContent-Length: 9\r\n/)
      assert.equal(await client.takeBytes(9), 'an answer')
    }
    assert.equal(upstream.connections.length, 1)
  })
}

test('an answer to somebody who was answered already is left alone', async t => {
  const { front, upstream } = await hop(t)
  let give: ((text: string) => void) | undefined
  let finish: (() => void) | undefined
  front.srv.server.prependListener('request', (_req: unknown, res: ServerResponse) => {
    give = text => res.write(text)
    finish = () => res.end()
  })
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  give?.('of middleware, ')
  await client.take('of middleware, ')
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n')
  // The connection to the upstream is ended, for nobody wants its answer.
  await worker.takeAll()
  give?.('to its end')
  finish?.()
  const rest = await client.take('0\r\n\r\n')
  assert.equal(rest, '\r\na\r\nto its end\r\n0\r\n\r\n', 'the rest of one chunk, a second one, and no more')
})
