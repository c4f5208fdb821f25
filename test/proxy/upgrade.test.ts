import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get, hop } from '../helpers/front.js'
import { Pour } from '../helpers/raw.js'

const UPGRADE = get('/chat', ['Connection: Upgrade', 'Upgrade: foo'])

test('a 101 that names no protocol is 502', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(UPGRADE)
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nX: 1\r\n\r\n')
  assert.match(await client.takeAll(), /^HTTP\/1.1 502 /)
})

test('a refusal in many small chunks to a client that does not read makes no warning', async t => {
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const { front, upstream } = await hop(t)
  const client = front.connect().send(UPGRADE)
  const worker = await upstream.accept()
  await worker.takeHead()
  client.socket.pause()
  worker.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n')
  const pour = new Pour(worker, Buffer.from(`100\r\n${'x'.repeat(256)}\r\n`.repeat(100)), 400)
  // More than there is room for between them, so that the upstream has to wait for the client.
  await pour.stalled()
  client.socket.resume()
  await pour.done
  worker.send('0\r\n\r\n')
  await client.takeHead()
  const body = await client.takeAll()
  // The chunks may be others than those of the upstream.
  assert.equal(body.replace(/[^x]+/g, '').length, 256 * 40_000)
  assert.ok(body.endsWith('x\r\n0\r\n\r\n'))
  assert.deepEqual(warnings.map(String), [])
})
