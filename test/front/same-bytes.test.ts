import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ANSWERS, sayPath } from '../helpers/answers.js'
import { fixture, serve } from '../helpers/app.js'
import { rawClient, type RawPeer } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'

/** Without what differs from one run to the next: our own date, the client's port. */
function comparable(text: string): string {
  return text.replace(/\r\nDate: \w{3}, [^\r]*/g, '\r\nDate: now').replace(/127\.0\.0\.1 \d+ p/g, 'client')
}

async function sides(t: TestContext): Promise<(() => RawPeer)[]> {
  const running = await Promise.all(
    [true, false].map(fastPath => serve(t, fixture('scripted.cjs'), { numWorkers: 1, fastPath }))
  )
  t.after(() => until(() => running.every(({ srv }) => srv.status().workers.every(w => w.inFlight === 0))))
  return running.map(
    ({ port }) =>
      () =>
        rawClient(t, { port, host: '127.0.0.1' })
  )
}

for (const [method, version] of [
  ['GET', '1.1'],
  ['HEAD', '1.1'],
  ['POST', '1.1'],
  ['GET', '1.0']
] as const) {
  for (const [what, [bytes, then]] of Object.entries(ANSWERS)) {
    test(`With and without the fast path a client of HTTP/${version} sees the same: ${method}, the worker sends ${what}`, async t => {
      const path = sayPath(bytes, then)
      const seen = await Promise.all(
        (await sides(t)).map(async connect => {
          const client = connect()
          client.send(`${method} ${path} HTTP/${version}\r\nHost: a\r\n\r\n`)
          // Another request behind it shows how the first one ended, and that the connection stayed open.
          await until(() => client.text.includes('\r\n\r\n') || client.ended || client.closed)
          client.send('GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
          const all = await client.takeAll()
          return { all: comparable(all), broken: client.error?.code }
        })
      )
      assert.deepEqual(seen[0], seen[1])
    })
  }
}

test('With and without the fast path the worker sees the same', async t => {
  const heads = await Promise.all(
    (await sides(t)).map(async connect => {
      const client = connect()
      client.send(
        'GET /echo HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\nConnection: keep-alive\r\nAccept: a\r\naccept: b\r\nCookie: c=d\r\n\r\n'
      )
      client.send('GET /echo/2 HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n')
      return comparable(await client.takeAll())
    })
  )
  assert.equal(heads[0], heads[1])
  assert.match(heads[0] ?? '', /X-Forwarded-Host: a\.example/)
})
