import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { serve, writeApp } from '../helpers/app.js'
import { rawClient } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'

/** Pieces of all sizes, none like another, so that one that was written over would be noticed. */
const APP = `
  import { createServer } from 'node:http'
  const SIZES = [1, 100, 5000, 16383, 16384, 40000, 65536, 200000]
  function * pieces() {
    for (let i = 0; i < 600; i++) yield Buffer.alloc(SIZES[i % SIZES.length], i.toString(36) + '-')
  }
  const length = [...pieces()].reduce((sum, piece) => sum + piece.length, 0)
  export default createServer((req, res) => {
    if (req.url === '/length') res.setHeader('Content-Length', length)
    const all = pieces()
    const more = () => {
      for (const piece of { [Symbol.iterator]: () => ({ next: () => all.next() }) })
        if (!res.write(piece)) return res.once('drain', more)
      res.end()
    }
    more()
  })`

function expected(): { digest: string; length: number } {
  const hash = createHash('sha256')
  const sizes = [1, 100, 5000, 16383, 16384, 40000, 65536, 200000]
  let length = 0
  for (let i = 0; i < 600; i++) {
    const piece = Buffer.alloc(sizes[i % sizes.length] ?? 0, `${i.toString(36)}-`)
    hash.update(piece)
    length += piece.length
  }
  return { digest: hash.digest('hex'), length }
}

for (const fastPath of [true, false]) {
  for (const path of ['/length', '/chunked']) {
    test(`A large answer arrives unchanged at a client that reads in fits and starts (${path}, fastPath ${fastPath})`, async t => {
      const { digest, length } = expected()
      const { port, srv } = await serve(t, writeApp(t, APP).file, { numWorkers: 1, fastPath })
      const client = rawClient(t, { port, host: '127.0.0.1' })
      let received = ''
      client.socket.removeAllListeners('data').setEncoding('latin1')
      client.socket.on('data', (text: string) => {
        received += text
        if (received.length % 7 !== 0) return
        client.socket.pause()
        setTimeout(() => client.socket.resume(), 1)
      })
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await until(() => (path === '/length' ? received.length > length : received.endsWith('\r\n0\r\n\r\n')))
      await until(() => srv.status().workers[0]?.inFlight === 0)
      const body = received.slice(received.indexOf('\r\n\r\n') + 4)
      const plain = path === '/length' ? body : unchunk(body)
      assert.equal(plain.length, length)
      assert.equal(createHash('sha256').update(plain, 'latin1').digest('hex'), digest)
    })
  }
}

function unchunk(text: string): string {
  let plain = ''
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n', at)
    const size = parseInt(text.slice(at, end), 16)
    if (size === 0) return plain
    plain += text.slice(end + 2, end + 2 + size)
    at = end + 4 + size
  }
}
