import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { showClients } from '#lib/child/client-address.js'

showClients('x-secret')

/** Sends a request with the field by which a master tells the client, and returns it as the server got it. */
async function receive(t: TestContext, event: 'request' | 'upgrade'): Promise<IncomingMessage> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })
  const upgrade = event === 'upgrade' ? 'Connection: Upgrade\r\nUpgrade: echo\r\n' : ''
  client.write(`GET / HTTP/1.1\r\nHost: h\r\n${upgrade}X-A: 1\r\nX-Secret: 192.0.2.7 1234 p\r\n\r\n`)
  const [req] = (await once(server, event)) as [IncomingMessage]
  t.after(() => req.socket.destroy())
  return req
}

for (const event of ['request', 'upgrade'] as const) {
  test(`the field that tells the client is gone from every view of the headers of an ${event}`, async t => {
    const req = await receive(t, event)
    assert.equal(req.socket.remoteAddress, '192.0.2.7')
    assert.equal(req.socket.remotePort, 1234)
    assert.deepEqual(req.rawHeaders.slice(-2), ['X-A', '1'])
    assert.equal(req.headers['x-a'], '1')
    assert.equal(req.headers['x-secret'], undefined)
    assert.deepEqual(req.headersDistinct['x-a'], ['1'])
    assert.equal(req.headersDistinct['x-secret'], undefined)
  })
}
