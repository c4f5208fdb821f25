import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'
import { test, type TestContext } from 'node:test'
import { HostAddresses } from '#lib/external/host-addresses.js'
import { Client } from '../helpers/client.js'
import { proxy } from '../helpers/external.js'
import { until } from '../helpers/wait.js'

/** Records of a name, which may change; undefined: nobody answers. */
interface Records {
  addresses: readonly string[] | undefined
}

type Done = (error: Error | null, found?: unknown, family?: number) => void

/** Lets the system resolve every name by these records. */
function resolveBy(t: TestContext, records: Records): void {
  const find = (): { address: string; family: number }[] => {
    if (records.addresses === undefined) throw new Error('no answer')
    return records.addresses.map(address => ({ address, family: 4 }))
  }
  t.mock.method(dns.promises, 'lookup', () => Promise.resolve().then(find))
  const lookup = dns.lookup as (...args: unknown[]) => void
  t.mock.method(dns, 'lookup', (name: string, options: { all?: boolean }, done: Done) => {
    // Node asks for addresses as well, in more forms than one.
    if (isIP(name) !== 0) return lookup(...[name, options, done].filter(arg => arg !== undefined))
    const found = find()
    setImmediate(() => {
      if (options.all === true) done(null, found)
      else done(null, found[0]?.address, 4)
    })
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
}

test('It tells when an address is gone, not when one is added, and not when nobody can be asked', async t => {
  const records: Records = { addresses: ['192.0.2.1', '192.0.2.2'] }
  resolveBy(t, records)
  let gone = 0
  let asked = 0
  const addresses = new HostAddresses('app.test', () => gone++, 5)
  t.after(() => addresses.close())
  const answered = async (): Promise<void> => {
    const { lookup } = dns.promises as unknown as { lookup: { mock: { callCount(): number } } }
    asked = lookup.mock.callCount()
    await until(() => lookup.mock.callCount() > asked + 2)
  }
  await answered()
  records.addresses = ['192.0.2.3', '192.0.2.2', '192.0.2.1']
  await answered()
  records.addresses = undefined
  await answered()
  assert.equal(gone, 0)
  records.addresses = ['192.0.2.3', '192.0.2.1']
  await until(() => gone === 1)
  await answered()
  assert.equal(gone, 1)
})

test("Requests follow a host's name to its new address, also where connections to the old one stand", async t => {
  const servers = await Promise.all(
    ['127.0.0.2', '127.0.0.3'].map(async (host, i, hosts) => {
      const server = createServer({ keepAliveTimeout: 60_000 }, (_req, res) => res.end(hosts[i]))
      t.after(() => {
        server.close()
        server.closeAllConnections()
      })
      return { host, server }
    })
  )
  const [first, second] = servers
  assert.ok(first !== undefined && second !== undefined)
  first.server.listen(0, first.host)
  await once(first.server, 'listening')
  const address = first.server.address()
  assert.ok(typeof address === 'object' && address !== null)
  second.server.listen(address.port, second.host)
  await once(second.server, 'listening')

  const records: Records = { addresses: [first.host] }
  resolveBy(t, records)
  const there = await proxy(t, [`app.test:${address.port}`])
  const client = new Client(there.port)
  t.after(() => client.close())
  assert.equal((await client.get('/')).body, first.host)
  records.addresses = [second.host]
  const answers = new Set<string>()
  const asking = setInterval(() => void client.get('/').then(({ body }) => answers.add(body)), 50)
  t.after(() => clearInterval(asking))
  await until(() => answers.has(second.host))
  assert.deepEqual([...answers], [first.host, second.host])
})
