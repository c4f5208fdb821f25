// Nobody waits for ever, and nobody who goes on is cut off.
import assert from 'node:assert/strict'
import { answer, get, request } from '../helpers/front.js'
import { conformance } from './helpers/wire.js'

const POST = 'POST / HTTP/1.1\r\nHost: front\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'
const UPGRADE = get('/', ['Connection: Upgrade', 'Upgrade: foo'])
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'

conformance({ options: { proxyTimeout: 300 }, few: true }, (wire, test) => {
  test('37. a worker that never answers is 504 at the deadline, and its connection ended', async () => {
    for (const text of [get(), request('POST', '/', [], 'body')]) {
      const { client, worker } = await wire.exchange(text)
      assert.match(await client.takeHead(), /^HTTP\/1\.1 504 /)
      await worker.takeAll()
      await wire.clear()
    }
  })

  test('37. a worker that falls silent in its answer is cut off at the deadline', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
    await client.take('part')
    assert.equal(await client.takeAll(), '')
    await worker.takeAll()
  })

  test('37. a worker that leaves an expectation unanswered is 504 at the deadline', async () => {
    const { client, worker } = await wire.exchange(`${POST}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`)
    assert.match(await client.takeHead(), /^HTTP\/1\.1 504 /)
    await worker.takeAll()
  })

  test('37. the deadline is not the worker’s while an upload moves, or its client is slow', async () => {
    const { client, worker } = await wire.exchange(`${POST}Content-Length: 4\r\n\r\n`)
    for (const byte of 'body') {
      await new Promise(resolve => setTimeout(resolve, 400))
      client.send(byte)
      await worker.takeBytes(1)
    }
    worker.send(answer('taken'))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })
})

// The master looks every second, node:http as often as it is told here.
conformance(
  {
    serverOptions: { connectionsCheckingInterval: 100, headersTimeout: 600 },
    few: true
  },
  (wire, test) => {
    test('40. a head that comes byte by byte is 408 in time', async () => {
      const client = wire.connect()
      const timer = setInterval(() => client.socket.writable && client.send('x'), 50)
      client.send('GET /')
      const whole = await client.takeAll().finally(() => clearInterval(timer))
      assert.match(whole, /^HTTP\/1\.1 408 Request Timeout\r\n[^]*\r\n\r\n$/)
      assert.match(whole, /\r\nConnection: close\r\n/)
      assert.equal(wire.connections.length, 0)
    })

    test('40. the second head of a connection has the same limit', async () => {
      const { client, worker } = await wire.exchange(get())
      worker.send(answer(''))
      await client.takeHead()
      client.send('GET /')
      assert.match(await client.takeAll(), /^HTTP\/1\.1 408 /)
    })

    test('40. an upload that moves may take longer than any limit', async () => {
      const { client, worker } = await wire.exchange(`${POST}Content-Length: 12\r\n\r\n`)
      for (let i = 0; i < 12; i++) {
        await new Promise(resolve => setTimeout(resolve, 150))
        client.send('x')
        await worker.takeBytes(1)
      }
      worker.send(answer('taken'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })

    for (const text of [`${POST}Content-Length: 12\r\n\r\npart`, `${POST}${CHUNKED}4\r\npart\r\n`]) {
      test(`40. an upload that stands still is 408, and ends at the worker: ${text.includes('chunked') ? 'chunks' : 'length'}`, async () => {
        const { client, worker } = await wire.exchange(text)
        await worker.take('part')
        const whole = await client.takeAll()
        assert.match(whole, /^HTTP\/1\.1 408 Request Timeout\r\n[^]*\r\n\r\n$/)
        assert.ok(!(await worker.takeAll()).includes('0\r\n\r\n'))
        assert.equal(wire.connections.length, 1)
      })
    }

    test('40. an upload that the worker does not read is not the client’s fault', async () => {
      const length = 16 * 1024 * 1024
      const client = wire.send(`${POST}Content-Length: ${length}\r\n\r\n`)
      const worker = await wire.accept()
      await worker.takeHead()
      worker.socket.pause()
      client.send(Buffer.alloc(length))
      await new Promise(resolve => setTimeout(resolve, 2500))
      assert.equal(client.text, '')
      let left = length - worker.text.length
      const all = new Promise<void>(resolve =>
        worker.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
          left -= chunk.length
          if (left === 0) resolve()
        })
      )
      worker.socket.resume()
      await all
      worker.send(answer('taken'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })

    test('40. a download may take longer than any limit', async () => {
      const { client, worker } = await wire.exchange(get())
      worker.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na')
      await client.take('\r\n\r\na')
      await new Promise(resolve => setTimeout(resolve, 1500))
      worker.send('b')
      assert.equal(await client.takeBytes(1), 'b')
    })
  }
)

conformance({ options: { proxyTimeout: 200 }, few: true }, (wire, test) => {
  test('37. a worker that stays silent about an upgrade is 504 at the deadline', async () => {
    const { client, worker } = await wire.exchange(UPGRADE)
    assert.match(await client.takeAll(), /^HTTP\/1\.1 504 /)
    await worker.takeAll()
  })

  test('43. an upgraded connection may be silent for longer', async () => {
    const { client, worker } = await wire.exchange(UPGRADE)
    worker.send(SWITCH)
    await client.takeHead()
    await new Promise(resolve => setTimeout(resolve, 600))
    worker.send('still here')
    assert.equal(await client.take('here'), 'still here')
    client.reset()
  })
})
