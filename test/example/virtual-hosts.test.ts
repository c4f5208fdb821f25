import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, copyExample, edit } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

test('virtual-hosts: the Host field chooses the site, and each site is reloaded by itself', async t => {
  const folder = copyExample(t, 'virtual-hosts')
  const program = Program.start(t, ['server.js'], { cwd: folder })
  const port = await program.port()
  assert.match((await ask(port, '/', { host: 'blog.localhost' })).body, /^The blog, worker \d+\n$/)
  assert.match(
    (await ask(port, '/', { host: `APP.localhost:${port}` })).body,
    /^The app, worker \d+, asked by /
  )
  assert.equal((await ask(port, '/', { host: 'zoo.localhost' })).status, 404)

  edit(folder, 'blog/server.js', 'The blog', 'The new blog')
  edit(folder, 'app/server.js', 'export default', 'export default {')
  program.signal('SIGUSR2')
  await program.waitFor(/blog: generation 2 serves/)
  await program.waitFor(/app: the reload failed/)
  assert.match((await ask(port, '/', { host: 'blog.localhost' })).body, /^The new blog/)
  assert.match((await ask(port, '/', { host: 'app.localhost' })).body, /^The app/)
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})
