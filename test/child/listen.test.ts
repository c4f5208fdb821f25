import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { UpServer } from '#lib/server/up-server.js'
import { fixture } from '../helpers/app.js'
import { freePort } from '../helpers/listens.js'
import { within } from '../helpers/wait.js'

interface Message {
  seen: Record<string, unknown>
}

test('`listen` in every signature does what it does under plain Node', async t => {
  const file = fixture('signatures.cjs')
  const ports = []
  while (ports.length < 5) ports.push(await freePort())
  const env = { PORTS: JSON.stringify(ports) }

  const plain = fork(file, [], { env: { ...process.env, ...env }, execArgv: [] })
  t.after(() => plain.kill('SIGKILL'))
  const [expected] = (await within(once(plain, 'message'), 'plain Node')) as [Message]
  plain.kill()
  await once(plain, 'exit')

  const options = { numWorkers: 1, execArgv: [], env, listen: { port: 0 }, keepAlive: false }
  const srv = new UpServer(createServer(), file, options)
  t.after(() => srv.close())
  const [worker] = srv.spawning
  assert.ok(worker)
  const got = new Promise<Message>(resolve =>
    worker.proc.on('message', message => {
      if (typeof message === 'object' && 'seen' in message) resolve(message as unknown as Message)
    })
  )
  const { seen } = await within(got, 'the worker')
  for (const [way, what] of Object.entries(expected.seen)) assert.deepEqual(seen[way], what, way)
  assert.ok(Object.keys(expected.seen).length > 30)
})
