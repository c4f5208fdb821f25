import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, copyExample, edit, UP } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

test('express: req.ip and the port are those of the client, before and after a reload', async t => {
  const folder = copyExample(t, 'express')
  const up = Program.start(t, [UP, '-n', '1', 'server.js'], { cwd: folder })
  const port = await up.port()
  for (const greeting of ['Hello from Express', 'Good day from Express']) {
    const answer = await ask(port)
    const told = JSON.parse(answer.body) as Record<string, unknown>
    assert.equal(told['greeting'], greeting)
    assert.match(String(told['client']), /127\.0\.0\.1$/)
    assert.equal(told['port'], answer.localPort)
    if (greeting.startsWith('Good')) break
    edit(folder, 'server.js', 'Hello', 'Good day')
    up.signal('SIGUSR2')
    await up.waitFor(/reloaded in .*generation 2/)
  }
  const echo = await ask(port, '/echo', {
    method: 'POST',
    headers: { 'Content-Type': 'text/plain' },
    body: 'what was sent'
  })
  assert.equal(echo.body, 'what was sent')
  assert.deepEqual(await up.stop(), { code: 0, left: [] })
})
