import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, copyExample } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

test('canary: a share of the clients gets the new version and keeps it; without it they get the old one', async t => {
  const folder = copyExample(t, 'canary')
  const v1 = Program.start(t, ['app.js', 'v1', '0'], { cwd: folder })
  const v2 = Program.start(t, ['app.js', 'v2', '0'], { cwd: folder })
  const [stable, canary] = [await v1.port(), await v2.port()]
  const env = { STABLE: `localhost:${stable}`, CANARY: `localhost:${canary}`, SHARE: '0.3' }
  const program = Program.start(t, ['server.js'], { cwd: folder, env })
  const port = await program.port()
  const cookies = new Map<string, string>()
  let fresh = 0
  for (let i = 0; i < 300; i++) {
    const { body, headers } = await ask(port)
    const [cookie = ''] = headers['set-cookie']?.[0]?.split(';') ?? []
    assert.equal(body, cookie === 'canary=yes' ? 'This is v2\n' : 'This is v1\n')
    cookies.set(body, cookie)
    if (body === 'This is v2\n') fresh++
  }
  // 90 are expected; so far from it is one in a million.
  assert.ok(fresh > 50 && fresh < 130, String(fresh))
  for (const [body, cookie] of cookies) {
    for (let i = 0; i < 20; i++) {
      const again = await ask(port, '/', { headers: { cookie } })
      assert.equal(again.body, body)
      assert.equal(again.headers['set-cookie'], undefined)
    }
  }
  await v2.stop()
  const meanwhile = await ask(port, '/', { headers: { cookie: 'canary=yes' } })
  assert.deepEqual([meanwhile.status, meanwhile.body], [200, 'This is v1\n'])
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})
