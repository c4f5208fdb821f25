import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { distribute } from 'up-server/distribute'
import { listen, rawClient } from '../helpers/raw.js'

test('Of two Distributors on one server one answers what is no request, once', async t => {
  const server = createServer()
  const both = [distribute(server), distribute(server)]
  t.after(() => {
    for (const each of both) each.detach()
    server.close()
  })
  const address = await listen(t, server)
  const client = rawClient(t, address)
  client.send('NONSENSE\r\n\r\n')
  assert.match(await client.takeAll(), /^HTTP\/1.1 400 Bad Request\r\n[^]*\r\n\r\n$/)
})
