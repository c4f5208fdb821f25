// One side that does not read holds back the other: the bytes wait in the sender, not in the master.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get, hop } from '../helpers/front.js'
import { Pour, TRANSPORTS, type RawPeer } from '../helpers/raw.js'

const MB = 1024 * 1024
const SIZE = 64 * MB
/** What the kernel keeps for the two connections, and the master for one request. */
const BETWEEN = 24 * MB

function pour(peer: RawPeer): Pour {
  return new Pour(peer, Buffer.alloc(MB / 4, 'x'), (4 * SIZE) / MB)
}

/** Counts what `peer` receives, and keeps none of it. */
function count(peer: RawPeer): { readonly all: Promise<void> } {
  let received = 0
  const all = new Promise<void>(resolve => {
    peer.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received === SIZE) resolve()
    })
  })
  return { all }
}

/** Sends `SIZE` bytes to an end that does not read, and checks how much leaves the sender. */
async function held(peer: RawPeer): Promise<void> {
  const sent = pour(peer)
  await sent.stalled()
  assert.ok(sent.taken > 0 && sent.taken < BETWEEN, `${sent.taken} bytes were taken`)
}

for (const transport of TRANSPORTS) {
  test(`an answer waits for a client that does not read, over ${transport}`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect().send(get())
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`)
    await client.takeHead()
    client.socket.pause()
    await held(worker)
    const { all } = count(client)
    client.socket.resume()
    await all
  })

  test(`a body waits for an upstream that does not read, over ${transport}`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect().send(`POST / HTTP/1.1\r\nHost: front\r\nContent-Length: ${SIZE}\r\n\r\n`)
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.socket.pause()
    await held(client)
    const { all } = count(worker)
    worker.socket.resume()
    await all
  })

  for (const [from, to] of [
    ['client', 'worker'],
    ['worker', 'client']
  ] as const) {
    test(`an upgraded connection waits for a ${to} that does not read, over ${transport}`, async t => {
      const { front, upstream } = await hop(t, { transport })
      const client = front.connect().send(get('/', ['Connection: Upgrade', 'Upgrade: foo']))
      const worker = await upstream.accept()
      await worker.takeHead()
      worker.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
      await client.takeHead()
      const ends = { client, worker }
      ends[to].socket.pause()
      await held(ends[from])
      const { all } = count(ends[to])
      ends[to].socket.resume()
      await all
    })
  }
}

test('a download may begin and go on while its upload does', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(`POST / HTTP/1.1\r\nHost: front\r\nContent-Length: ${SIZE}\r\n\r\n`)
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`)
  await client.takeHead()
  const up = count(worker)
  const down = count(client)
  pour(client)
  pour(worker)
  await Promise.all([up.all, down.all])
})
