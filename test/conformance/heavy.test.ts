// Much, many and long: sized for the ordinary suite; with UP_TEST_FULL=1 as large as the list of cases has them.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { answer, get } from '../helpers/front.js'
import { heapUsed } from '../helpers/memory.js'
import type { RawPeer } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'
import { conformance } from './helpers/wire.js'

const FULL = process.env['UP_TEST_FULL'] === '1'
const MB = 1024 * 1024
const RESETS = FULL ? 1000 : 100
const STREAM_MB = FULL ? 1024 : 128
const IDLE = FULL ? 9000 : 900
/** How much the memory of this process, which is master, client and worker at once, may grow. */
const GROWTH = 32 * MB
const PIECE = Buffer.alloc(MB / 4, 'x')

/** Sends so many bytes, as fast as the other end takes them. */
async function pour(peer: RawPeer, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= PIECE.length) {
    if (!peer.socket.write(PIECE)) await new Promise(resolve => peer.socket.once('drain', resolve))
  }
}

/** Counts bytes, and keeps none; stands still once in the middle. */
function drain(peer: RawPeer, bytes: number): Promise<void> {
  let left = bytes - peer.text.length
  peer.text = ''
  return new Promise(resolve => {
    let stalled = false
    peer.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left === 0) resolve()
      if (stalled || left > bytes / 2) return
      stalled = true
      peer.socket.pause()
      setTimeout(() => peer.socket.resume(), 500)
    })
  })
}

/** The most that the process takes while `work` goes on, beyond what it took before. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  heapUsed()
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
  await work()
  clearInterval(timer)
  return Math.max(most, process.memoryUsage.rss()) - before
}

conformance({ few: true }, (wire, test) => {
  test(`33. ${RESETS} clients that reset in a download leave nothing`, async t => {
    const one = async (): Promise<void> => {
      const { client, worker } = await wire.exchange(get('/'))
      worker.send(`HTTP/1.1 200 OK\r\nContent-Length: ${MB}\r\n\r\n`).send(PIECE)
      await client.take('x')
      client.reset()
      worker.send(PIECE)
      await worker.takeAll()
      await wire.clear()
    }
    for (let i = 0; i < 20; i++) await one()
    const before = heapUsed()
    for (let i = 0; i < RESETS; i++) await one()
    const grown = heapUsed() - before
    t.diagnostic(`the heap grew by ${(grown / MB).toFixed(1)} MB`)
    assert.ok(grown < 4 * MB, `${grown} bytes`)
  })

  test(`39. ${STREAM_MB} MB each way, with readers that stand still, take no memory`, async t => {
    const bytes = STREAM_MB * MB
    const stream = async (): Promise<void> => {
      const { client, worker } = await wire.exchange(
        `POST / HTTP/1.1\r\nHost: front\r\nContent-Length: ${bytes}\r\n\r\n`
      )
      const up = drain(worker, bytes)
      await Promise.all([pour(client, bytes), up])
      worker.send(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`)
      await client.takeHead()
      const down = drain(client, bytes)
      await Promise.all([pour(worker, bytes), down])
    }
    const grown = await growth(stream)
    t.diagnostic(`the process grew by ${(grown / MB).toFixed(1)} MB`)
    // The client and the worker of this test have their own share, and V8 lets 32 to 64 MB of what was read
    // gather, depending on its version, before it collects it. A body that waits here would be twice as much.
    assert.ok(grown < 3 * GROWTH, `${grown} bytes`)
  })

  test(`41. ${IDLE} idle connections leave others as they are`, async t => {
    const idle: ReturnType<typeof connect>[] = []
    t.after(() => idle.forEach(socket => socket.destroy()))
    for (let i = 0; i < IDLE; i += 100) {
      await Promise.all(
        Array.from({ length: 100 }, () => {
          const socket = connect(wire.port, '127.0.0.1')
          idle.push(socket)
          return new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
        })
      )
    }
    wire.answerAll((_head, worker) => worker.send(answer('here')))
    const client = wire.connect()
    for (let i = 0; i < 100; i++) {
      client.send(get())
      assert.match(await client.take('here'), /^HTTP\/1\.1 200 /)
    }
    const closed = Promise.all(idle.map(socket => new Promise(resolve => socket.once('close', resolve))))
    for (const socket of idle) socket.destroy()
    await closed
    await until(() => wire.inFlight === 0)
  })
})
