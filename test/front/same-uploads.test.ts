import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Running } from '../helpers/app.js'
import { fixture, serve } from '../helpers/app.js'
import { rawClient, type RawPeer } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'

const POST = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'
const LAST = 'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

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

function said(answer: string): string {
  return `/say/${Buffer.from(answer).toString('base64url')}`
}

/** Each talks to the master, and returns all that it got. */
const TALKS: Readonly<Record<string, (client: RawPeer, side: Side) => Promise<string>>> = {
  'sends a body with its head': client => client.send(`${POST}12345${LAST}`).takeAll(),
  'sends a body in pieces': async client => {
    for (const piece of [POST, '1', '23', '45']) {
      client.send(piece)
      await new Promise(setImmediate)
    }
    const head = await client.takeHead()
    return head + (await client.send(LAST).takeAll())
  },
  'sends a body with the beginning of the next request': async client => {
    client.send(`${POST}123`)
    await new Promise(setImmediate)
    return client.send(`45${LAST}`).takeAll()
  },
  'sends no body to a POST': client =>
    client.send(`${POST.replace('Content-Length: 5\r\n', '')}${LAST}`).takeAll(),
  'ends its side behind the body': client => client.end(`${POST}12345`).takeAll(),
  'ends its side within the body': async (client, { running }) => {
    client.send(`${POST}123`)
    await until(() => running.srv.status().workers[0]?.inFlight === 1)
    return client.end().takeAll()
  },
  'ends its side before the body': async (client, { running }) => {
    client.send(POST)
    await until(() => running.srv.status().workers[0]?.inFlight === 1)
    return client.end().takeAll()
  },
  'ends its side within a body that has its answer': async client => {
    client.send(`${POST.replace('/echo', said('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))}123`)
    const head = await client.takeHead()
    return head + (await client.end().takeAll())
  },
  'ends its side within a body of which the answer has begun': async client => {
    client.send(`${POST.replace('/echo', said('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))}123`)
    const head = await client.takeHead()
    return head + (await client.end().takeAll())
  },
  'is answered before its body, and goes on': async client => {
    const answer = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n'
    client.send(`${POST.replace('/echo', said(answer))}12`)
    const head = await client.takeHead()
    return head + (await client.send(`345${LAST}`).takeAll())
  },
  'is answered before its body by a worker that closes, and goes on': async client => {
    const answer = 'HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    client.send(`${POST.replace('/echo', `${said(answer)}/end`)}12`)
    const head = await client.takeHead()
    return head + (await client.send(`345${LAST}`).takeAll())
  },
  'gets 502 before its body is whole, and goes on': async client => {
    client.send(`${POST.replace('/echo', '/say//reset')}12`)
    const head = await client.takeHead()
    return head + (await client.send(`345${LAST}`).takeAll())
  },
  'wants its connection closed': client =>
    client.send(`${POST.replace('Content', 'Connection: close\r\nContent')}12345`).takeAll()
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
