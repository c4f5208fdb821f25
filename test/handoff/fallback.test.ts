import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { until } from '../helpers/wait.js'

test('where Node does not tell which connections are idle, they end with an answer, and that is said once', async t => {
  const stderr = captureStderr(t)
  const { file } = writeApp(t, `export default (req, res) => res.end(String(process.pid))\n`)
  const { srv, port } = await serve(t, file, {
    numWorkers: 1,
    transport: 'handoff',
    execArgv: ['-r', fixture('other-close-idle.cjs')]
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const ask = async (): Promise<{ pid: string; connection: string | undefined }> => {
    const [res] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage]
    return { pid: await text(res), connection: res.headers.connection }
  }
  const before = await ask()
  assert.equal(before.connection, 'keep-alive')
  const [old] = srv.workers
  await srv.reload()
  const last = await ask()
  assert.deepEqual(last, { pid: before.pid, connection: 'close' })
  assert.notEqual((await ask()).pid, before.pid)
  await until(() => old?.readyState === 'terminated')
  assert.equal(stderr().split('does not tell which connections are idle').length - 1, 2, stderr())
})
