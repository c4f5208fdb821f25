import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, copyExample, edit, UP } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

test('typescript: -r tsx loads the sources, and --watch reloads a saved file but not a broken one', async t => {
  const folder = copyExample(t, 'typescript')
  const up = Program.start(t, [UP, '-n', '1', '--watch', '-r', 'tsx', 'server.ts'], { cwd: folder })
  const port = await up.port()
  await up.waitFor(/watching /)
  assert.match((await ask(port, '/Ada')).body, /"Hello Ada, from TypeScript"/)

  edit(folder, 'greeting.ts', 'Hello', 'Good day')
  await up.waitFor(/reloaded in .*generation 2/)
  assert.match((await ask(port, '/Ada')).body, /"Good day Ada, from TypeScript"/)

  edit(folder, 'greeting.ts', 'return {', 'return {{')
  await up.waitFor(/the reload failed, generation 2 keeps serving/)
  assert.match((await ask(port, '/Ada')).body, /"Good day Ada, from TypeScript"/)

  edit(folder, 'greeting.ts', 'return {{', 'return {')
  await up.waitFor(/reloaded in .*generation 3/)
  assert.equal((await ask(port, '/Ada')).status, 200)
  assert.deepEqual(await up.stop(), { code: 0, left: [] })
})
