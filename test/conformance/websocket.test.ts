import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { fixture, serve } from '../helpers/app.js'
import { until } from '../helpers/wait.js'

for (const workerBind of ['socket', 'port'] as const) {
  for (const deflate of [true, false]) {
    test(`47. ws works over a ${workerBind}, ${deflate ? 'with' : 'without'} permessage-deflate`, async t => {
      const env = { DEFLATE: deflate ? '1' : '0' }
      const { srv, port } = await serve(t, fixture('echo-websocket.mjs'), {
        numWorkers: 1,
        workerBind,
        env
      })
      const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: deflate })
      await once(client, 'open')
      assert.equal(client.extensions, deflate ? 'permessage-deflate' : '')
      assert.equal(srv.status().workers[0]?.upgrades, 1)

      const messages = [
        randomBytes(1024 * 1024),
        Buffer.alloc(1024 * 1024, 'x'),
        Buffer.alloc(0),
        Buffer.from('\xe4\xff', 'latin1')
      ]
      for (const message of messages) {
        client.send(message)
        const [echo] = (await once(client, 'message')) as [Buffer]
        assert.ok(echo.equals(message))
      }
      client.ping('how are you?')
      const [pong] = (await once(client, 'pong')) as [Buffer]
      assert.equal(String(pong), 'how are you?')

      client.send('close')
      const [code, reason] = (await once(client, 'close')) as [number, Buffer]
      assert.deepEqual([code, String(reason)], [4321, 'as you like'])
      await until(() => srv.status().workers[0]?.upgrades === 0)
    })
  }
}
