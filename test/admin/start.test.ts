import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startUp } from '../helpers/cli-process.js'
import { appText, get } from '../helpers/cli-app.js'
import { listen } from '../helpers/raw.js'
import { tempFolder } from '../helpers/watch-folder.js'

test('a port of --admin that is taken is told before anything is served', async t => {
  const taken = createServer()
  const { port } = await listen(t, taken)
  t.after(() => taken.close())
  for (const what of [
    ['-p', '0', 'app.cjs'],
    ['proxy', '-p', '0', 'localhost:1']
  ]) {
    const folder = tempFolder(t)
    writeFileSync(join(folder, 'app.cjs'), appText('one'))
    const up = startUp(t, [...what, '--no-control', '--admin', String(port)], { cwd: folder })
    assert.equal(await up.exited, 1)
    const [line = '', ...more] = up.lines
    assert.equal(
      line,
      `up: cannot listen on 127.0.0.1 port ${port}, for --admin: the port is taken by another process (EADDRINUSE)`
    )
    assert.deepEqual(more, [])
  }
})

test('an address that others can connect to is wrong usage without a token', async t => {
  const up = startUp(t, ['--admin', '0.0.0.0:0', 'app.cjs'])
  assert.equal(await up.exited, 2)
  assert.match(up.lines.join('\n'), /--admin is "0\.0\.0\.0:0", but must be .*unless --admin-token/)
})

test('the admin server serves while the app is served, and ends with it', async t => {
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'app.cjs'), appText('one'))
  const args = ['-p', '0', '-n', '1', '--no-control', '--name', 'shop', '--admin', '0', 'app.cjs']
  const up = startUp(t, args, { cwd: folder })
  const [, admin = ''] = await up.line(/the admin page is at (http:\/\/127\.0\.0\.1:\d+\/)/)
  await up.line(/is ready/)
  assert.match(await get(admin), /<title>up<\/title>/)
  const { name, state } = JSON.parse(await get(`${admin}status`)) as { name: string; state: string }
  assert.deepEqual([name, state], ['shop', 'running'])
  assert.deepEqual(JSON.parse(await get(`${admin}readyz`)), { ready: true })
  // An open stream of events does not keep it.
  const events = await fetch(`${admin}events`)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
  await assert.rejects(events.text())
  await assert.rejects(fetch(admin))
})
