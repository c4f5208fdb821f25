import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Running } from '../helpers/app.js'
import { fixture, serve } from '../helpers/app.js'
import { rawClient, type RawPeer } from '../helpers/raw.js'
import { POST, TALKS } from '../helpers/talks.js'
import { until } from '../helpers/wait.js'

interface Side {
  readonly running: Running
  connect(): RawPeer
}

async function sides(t: TestContext): Promise<Side[]> {
  const all = await Promise.all(
    [true, false].map(fastPath => serve(t, fixture('scripted.cjs'), { numWorkers: 1, fastPath }))
  )
  return all.map(running => ({
    running,
    connect: () => rawClient(t, { port: running.port, host: '127.0.0.1' })
  }))
}

function comparable(text: string): string {
  return text.replace(/\r\nDate: \w{3}, [^\r]*/g, '\r\nDate: now')
}

for (const [what, talk] of Object.entries(TALKS)) {
  test(`With and without the fast path a client sees the same that ${what}`, async t => {
    const seen = await Promise.all(
      (await sides(t)).map(async side => {
        const client = side.connect()
        const all = await talk(client, side)
        client.socket.destroy()
        await until(() => side.running.srv.status().workers.every(worker => worker.inFlight === 0))
        return { all: comparable(all), broken: client.error?.code }
      })
    )
    assert.deepEqual(seen[0], seen[1])
    assert.match(seen[0]?.all ?? '', /^HTTP\/1\.1 \d\d\d /)
  })
}

test('An upload that stands still gets 408', async t => {
  const seen = await Promise.all(
    (await sides(t)).map(async ({ running, connect }) => {
      running.server.headersTimeout = 300
      return comparable(await connect().send(`${POST}123`).takeAll())
    })
  )
  assert.match(seen[0] ?? '', /^HTTP\/1\.1 408 /)
  assert.equal(seen[0], seen[1])
})

test('Who listens to clientError, or limits requests, gets uploads by node:http', async t => {
  const [side] = await sides(t)
  assert.ok(side !== undefined)
  const { server } = side.running
  const errors: unknown[] = []
  server.on('clientError', (error, socket) => {
    errors.push(Reflect.get(error, 'code'))
    socket.end('mine')
  })
  const client = side.connect().send(`${POST}123`)
  await until(() => side.running.srv.status().workers[0]?.inFlight === 1)
  assert.equal(await client.end().takeAll(), 'mine')
  assert.deepEqual(errors, ['HPE_INVALID_EOF_STATE'])
})
