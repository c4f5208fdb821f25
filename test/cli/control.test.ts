import assert from 'node:assert/strict'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { listInstances } from '#lib/instances/instances.js'
import { appText, get } from '../helpers/cli-app.js'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { call } from '../helpers/control.js'
import { tempFolder } from '../helpers/watch-folder.js'

interface Place {
  readonly cwd: string
  /** Where control sockets are, of programs that are started by `start`. */
  readonly folder: string
  start(...args: string[]): CliProcess
}

function place(t: TestContext, packageJson = '{"name":"@acme/shop"}'): Place {
  const cwd = tempFolder(t, { 'app.js': appText('old'), 'package.json': packageJson })
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  return {
    cwd,
    folder: join(cwd, 'run', 'up'),
    start: (...args) => startUp(t, ['-p', '0', '-n', '1', ...args], { cwd, env })
  }
}

async function names(folder: string): Promise<string[]> {
  return (await listInstances(folder)).map(({ name }) => name)
}

test("The control socket has the name of the app's package, in a folder of the user's alone", async t => {
  const { folder, start } = place(t)
  const up = start('app.js')
  await up.url()
  const path = join(folder, 'acme-shop.sock')
  assert.equal(lstatSync(folder).mode & 0o777, 0o700)
  assert.equal(lstatSync(path).mode & 0o777, 0o600)
  const { json } = await call(path, 'GET', '/status')
  const { name, pid, state, file } = json as Record<string, unknown>
  assert.deepEqual([name, pid, state], ['acme-shop', up.pid, 'running'])
  assert.match(String(file), /app\.js$/)
})

test('Without a name in a package.json it has that of the file', async t => {
  const { folder, start } = place(t, '{}')
  await start('app.js').url()
  assert.deepEqual(await names(folder), ['app'])
})

test('Two of the same name are told apart by a number', async t => {
  const { folder, start } = place(t)
  const first = start('app.js')
  await first.url()
  const second = start('app.js')
  await second.url()
  assert.deepEqual(await names(folder), ['acme-shop', 'acme-shop-2'])
  const { json } = await call(join(folder, 'acme-shop-2.sock'), 'GET', '/status')
  assert.equal((json as { pid: number }).pid, second.pid)
})

test('A name or a path that was asked for and is taken ends the command before anything serves', async t => {
  const { cwd, start } = place(t)
  await start('--name', 'a', 'app.js').url()
  await start('--control', 'c.sock', 'app.js').url()
  for (const [flag, value, message] of [
    ['--name', 'a', 'the name a is taken by an up that runs already'],
    ['--control', 'c.sock', 'the control socket c.sock is taken by an up that runs already']
  ] as const) {
    const late = start(flag, value, '-f', 'late.pid', 'app.js')
    assert.equal(await late.exited, 1)
    assert.deepEqual([...late.lines], [`up: ${message}`])
    assert.equal(existsSync(join(cwd, 'late.pid')), false)
  }
})

test('A socket that a killed one has left is taken over', async t => {
  const { folder, start } = place(t)
  const first = start('--name', 'a', 'app.js')
  await first.url()
  first.proc.kill('SIGKILL')
  await first.exited
  assert.ok(existsSync(join(folder, 'a.sock')))
  const second = start('--name', 'a', 'app.js')
  await second.url()
  const { json } = await call(join(folder, 'a.sock'), 'GET', '/status')
  assert.equal((json as { pid: number }).pid, second.pid)
})

test('A folder that others may look into is not used: nobody asked, so the app is served, with a warning', async t => {
  const { folder, start } = place(t)
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
  const up = start('app.js')
  await up.line(/the folder of control sockets, .*, can't be used: its mode is 755, but must be 700/)
  assert.equal(await get(`${await up.url()}/`), 'old')
  assert.deepEqual(readdirSync(folder), [])
  const named = start('--name', 'a', 'app.js')
  assert.equal(await named.exited, 1)
})

test('A path that leads nowhere, or to a file that is no socket, ends the command', async t => {
  const { cwd, start } = place(t)
  writeFileSync(join(cwd, 'precious'), 'text')
  for (const path of ['none/c.sock', 'precious', `${'x'.repeat(120)}.sock`]) {
    const up = start('--control', path, 'app.js')
    assert.equal(await up.exited, 1)
    assert.match(up.lines.join('\n'), /^up: the control socket /)
  }
  assert.ok(lstatSync(join(cwd, 'precious')).isFile())
})

test('With --no-control there is none', async t => {
  const { folder, start } = place(t)
  await start('--no-control', 'app.js').url()
  assert.equal(existsSync(folder), false)
})

test('Nothing is left of the socket, however the program ends by itself', async t => {
  const { cwd, folder, start } = place(t)
  const first = start('app.js')
  await first.url()
  first.proc.kill('SIGTERM')
  assert.equal(await first.exited, 0)
  assert.deepEqual(readdirSync(folder), [])

  const second = start('app.js')
  // Its head comes before the end does: a client that is told of that takes the end for that of the body.
  const slow = await fetch(`${await second.url()}/slow`)
  second.proc.kill('SIGTERM')
  await second.line(/once more to exit at once/)
  // At once it would be the same one.
  await delay(250)
  second.proc.kill('SIGTERM')
  assert.equal(await second.exited, 1)
  assert.deepEqual(readdirSync(folder), [])
  await assert.rejects(slow.text())

  writeFileSync(join(cwd, 'broken.js'), 'throw new Error("broken")')
  const third = start('broken.js')
  assert.equal(await third.exited, 1)
  assert.deepEqual(readdirSync(folder), [])

  const fourth = startUp(t, ['proxy', '-p', '0', '127.0.0.1:9'], {
    env: { XDG_RUNTIME_DIR: join(cwd, 'run') }
  })
  await fourth.url()
  assert.deepEqual(await names(folder), ['proxy'])
  fourth.proc.kill('SIGTERM')
  assert.equal(await fourth.exited, 0)
  assert.deepEqual(readdirSync(folder), [])
})
