import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, createServer, type ServerHttp2Stream } from 'node:http2'
import { test, type TestContext } from 'node:test'
import { front, hop, type Front } from '../helpers/front.js'
import { answerOf, send, session } from '../helpers/http2.js'
import { until, within } from '../helpers/wait.js'

/** More than a client may send before anybody reads. */
const LARGE = Buffer.alloc(1024 * 1024)

async function start(t: TestContext): Promise<Front> {
  return front(t, { server: createServer() })
}

function connect(t: TestContext, { address }: Front): ReturnType<typeof session> {
  return session(t, `http://127.0.0.1:${address.port ?? 0}`)
}

for (const [what, body] of [
  ['no body', undefined],
  ['a body', 'too large']
] as const) {
  test(`What nobody reads of a request is dropped behind an answer with ${what}`, async t => {
    const there = await start(t)
    const streams: ServerHttp2Stream[] = []
    there.srv.server.on('stream', (stream: ServerHttp2Stream) => streams.push(stream))
    there.srv.use((_req, res) => {
      res.statusCode = 413
      res.end(body)
    })
    const stream = send(connect(t, there), { ':method': 'POST' }, true)
    const answered = answerOf(stream)
    await once(stream, 'response')
    stream.end(LARGE)
    const { status, code, body: received } = await within(answered, 'the answer')
    assert.deepEqual([status, code, received], [413, 0, body ?? ''])
    await until(() => streams[0]?.destroyed === true)
  })
}

test('An upload that its upstream has refused goes on to its end, and hurts no later request', async t => {
  const { front: there, upstream } = await hop(t, { server: createServer() })
  const client = connect(t, there)
  const stream = send(client, { ':method': 'POST' }, true)
  const answered = answerOf(stream)
  stream.write(LARGE.subarray(0, 1000))
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')
  await once(stream, 'response')
  stream.end(LARGE)
  assert.deepEqual([(await within(answered, 'the answer')).body, stream.rstCode], ['no', 0])
  // Its connection holds half a request: the next one gets another.
  await worker.takeAll()
  const next = answerOf(send(client))
  const other = await upstream.accept()
  await other.takeHead()
  other.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext')
  assert.equal((await next).body, 'next')
})

test('A body that is asked for behind the reset of its stream harms nobody', async t => {
  const there = await start(t)
  there.srv.use((req, res) => {
    if (req.url === '/reset') {
      const { stream } = res as unknown as { stream: ServerHttp2Stream }
      stream.close(constants.NGHTTP2_CANCEL)
      req.resume()
    } else {
      res.end('fine')
    }
  })
  const client = connect(t, there)
  const stream = send(client, { ':method': 'POST', ':path': '/reset', expect: '100-continue' }, true)
  assert.equal((await answerOf(stream)).code, constants.NGHTTP2_CANCEL)
  assert.equal((await answerOf(send(client))).body, 'fine')
})
