import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, copyExample, UP } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

test('graceful-database: a worker closes the handles that it opened, and ends by itself', async t => {
  const up = Program.start(t, [UP, '-n', '1', 'server.js'], { cwd: copyExample(t, 'graceful-database') })
  const port = await up.port()
  const [, first] = await up.waitFor(/worker (\d+) is ready/)
  const answers = await Promise.all([ask(port, '/users'), ask(port, '/orders'), ask(port, '/users')])
  assert.match(answers[0]?.body ?? '', /^select \* from users, by handle \d\n$/)

  up.signal('SIGUSR2')
  await up.waitFor(new RegExp(`worker ${first}: closed ([1-3]) of \\1 database handles`))
  await up.waitFor(new RegExp(`worker ${first} has left`))

  // The new worker opens one handle, and closes it when all ends; the request in flight is answered first.
  const last = ask(port, '/users')
  const [, second] = await up.waitFor(/worker (\d+) is ready.*generation 2/)
  assert.equal((await last).status, 200)
  assert.deepEqual(await up.stop(), { code: 0, left: [] })
  assert.match(up.output, new RegExp(`worker ${second}: closed 1 of 1 database handles`))
})
