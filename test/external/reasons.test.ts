import assert from 'node:assert/strict'
import { once } from 'node:events'
import dns from 'node:dns'
import { createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { RawClient } from '../helpers/client.js'
import { proxy, type Proxying } from '../helpers/external.js'
import { within } from '../helpers/wait.js'

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** app.example has two addresses. */
function resolveToTwo(t: TestContext): void {
  const addresses = ['127.0.0.1', '127.0.0.2'].map(address => ({ address, family: 4 }))
  const original = dns.lookup as (...args: unknown[]) => void
  const lookup = (name: string, ...rest: unknown[]): void => {
    if (name === 'app.example') process.nextTick(rest.at(-1) as () => void, null, addresses)
    else original(name, ...rest)
  }
  t.mock.method(dns, 'lookup', lookup as unknown as typeof dns.lookup)
}

function reasonOf({ srv }: Proxying): Promise<string> {
  return within(
    new Promise<string>(resolve => srv.once('unavailable', (_upstream, reason) => resolve(reason.message))),
    'the event unavailable'
  )
}

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'

for (const [how, fields] of [
  ['a request', ''],
  ['an upgrade', UPGRADE]
] as const) {
  test(`Where each address of a name refuses ${how}, the reason tells all of them`, async t => {
    resolveToTwo(t)
    const port = await closedPort()
    const there = await proxy(t, [`app.example:${port}`])
    const told = reasonOf(there)
    const client = new RawClient(there.port).write(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    t.after(() => client.socket.destroy())
    assert.match(
      await told,
      new RegExp(`ECONNREFUSED 127\\.0\\.0\\.1:${port}.*ECONNREFUSED 127\\.0\\.0\\.2:${port}`)
    )
  })
}

test('Where each address of a name refuses a health check, the reason tells all of them', async t => {
  resolveToTwo(t)
  const port = await closedPort()
  const there = await proxy(t, [`app.example:${port}`], { healthPath: '/up' })
  assert.match(await reasonOf(there), new RegExp(`127\\.0\\.0\\.1:${port}.*127\\.0\\.0\\.2:${port}`))
})
