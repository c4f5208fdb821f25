import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, copyExample, edit, UP } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

test('hello-world: the command serves the app by several workers and reloads it', async t => {
  const folder = copyExample(t, 'hello-world')
  const up = Program.start(t, [UP, '-n', '2', 'server.js'], { cwd: folder })
  const port = await up.port()
  await up.waitFor(/(worker \d+ is ready[^]*){2}/)
  const bodies = [await ask(port), await ask(port)].map(answer => answer.body)
  assert.match(bodies[0] ?? '', /^Hello from worker \d+\n$/)
  assert.notEqual(bodies[0], bodies[1])

  edit(folder, 'server.js', 'Hello', 'Good day')
  up.signal('SIGUSR2')
  await up.waitFor(/reloaded in .*generation 2/)
  assert.match((await ask(port)).body, /^Good day from worker/)
  assert.deepEqual(await up.stop(), { code: 0, left: [] })
})

test('hello-world: the program of three lines does the same', async t => {
  const folder = copyExample(t, 'hello-world')
  const program = Program.start(t, ['api.js'], { cwd: folder })
  const port = await program.port()
  assert.match((await ask(port)).body, /^Hello from worker \d+\n$/)

  edit(folder, 'server.js', 'Hello', 'Good day')
  program.signal('SIGUSR2')
  await program.waitFor(/generation 2 serves/)
  assert.match((await ask(port)).body, /^Good day from worker/)
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})
