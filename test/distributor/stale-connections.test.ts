import assert from 'node:assert/strict'
import { once } from 'node:events'
import { renameSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Distributor } from '#lib/distributor/distributor.js'
import { Client, RawClient } from '../helpers/client.js'
import { temporary } from '../helpers/leftovers.js'
import { until } from '../helpers/wait.js'

const CONNECTIONS = 3

test('A POST passes by idle connections that the upstream has closed, though that is not known yet', async t => {
  const path = join(temporary, 'upstream.sock')
  const waiting: (() => void)[] = []
  const upstream = createServer(async (req, res) => {
    const body = await text(req)
    if (req.method === 'POST') res.end(body)
    else waiting.push(() => res.end())
  })
  await listen(t, upstream, path)
  const front = createServer()
  const srv = new Distributor(front)
  srv.use((_req, _res, next) => next(path))
  t.after(() => srv.detach())
  const port = await listen(t, front, 0)

  // As many requests at once leave as many idle connections.
  const clients = Array.from({ length: CONNECTIONS }, () => new RawClient(port))
  t.after(() => clients.forEach(({ socket }) => socket.destroy()))
  for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => waiting.length === CONNECTIONS)
  for (const answer of waiting) answer()
  for (const client of clients) await client.until('\r\n\r\n')

  // In one tick: the request is there before the end of the connections is.
  const [client] = clients
  assert.ok(client)
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')
  upstream.closeAllConnections()
  await client.until('\r\n\r\nbody')
})

test('next() with the path of a UNIX socket reaches the server whose socket was moved there', async t => {
  const [path, other] = [join(temporary, 'moved.sock'), join(temporary, 'other.sock')]
  const [v1, v2] = ['v1', 'v2'].map(name => createServer((_req, res) => res.end(name)))
  assert.ok(v1 !== undefined && v2 !== undefined)
  await listen(t, v1, path)
  await listen(t, v2, other)
  const front = createServer()
  const srv = new Distributor(front)
  srv.use((_req, _res, next) => next(`unix:${path}`))
  t.after(() => srv.detach())
  const client = new Client(await listen(t, front, 0))
  t.after(() => client.close())
  assert.equal((await client.get('/')).body, 'v1')
  renameSync(path, `${path}.old`)
  renameSync(other, path)
  t.after(() => rmSync(`${path}.old`))
  const moved = performance.now()
  await until(() => performance.now() - moved >= 50)
  for (let i = 0; i < 3; i++) assert.equal((await client.get('/')).body, 'v2')
})

async function listen(t: TestContext, server: Server, where: string | number): Promise<number> {
  server.listen(where)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port
}
