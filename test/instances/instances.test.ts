import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { userInfo } from 'node:os'
import { ControlSocket } from '#lib/control/control-socket.js'
import { UpError } from '#lib/errors.js'
import { controlFolder, openControlFolder } from '#lib/instances/control-folder.js'
import { isInstanceName, listInstances, nameFrom, socketPathOf } from '#lib/instances/instances.js'
import { knock } from '#lib/instances/live-socket.js'
import { startProcess } from '../helpers/cli-process.js'
import { temporary } from '../helpers/leftovers.js'
import { until } from '../helpers/wait.js'
import { tempFolder } from '../helpers/watch-folder.js'

function privateFolder(t: TestContext, files: Record<string, string>): string {
  const folder = tempFolder(t, files)
  chmodSync(folder, 0o700)
  return folder
}

function refusal(doing: () => unknown, message: RegExp): void {
  assert.throws(doing, (error: unknown) => {
    assert.ok(error instanceof UpError)
    assert.equal(error.code, 'UP_ERR_CONTROL')
    assert.match(error.message, message)
    return true
  })
}

async function listening(t: TestContext, path: string): Promise<void> {
  const server = createServer(socket => socket.destroy())
  await once(server.listen(path), 'listening')
  t.after(() => server.close())
}

/** A socket file as a program leaves it that was killed. */
async function stale(t: TestContext, path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('there'))`
  const left = startProcess(t, process.execPath, ['-e', script])
  await left.line(/there/)
  left.proc.kill('SIGKILL')
  await left.exited
  assert.ok(lstatSync(path).isSocket())
}

test('Sockets are in XDG_RUNTIME_DIR, else in a folder of the user in the temporary one', () => {
  assert.equal(controlFolder({ XDG_RUNTIME_DIR: '/run/user/7' }), '/run/user/7/up')
  assert.equal(controlFolder({ XDG_RUNTIME_DIR: '' }), join(temporary, `up-${userInfo().uid}`))
  assert.equal(controlFolder({ XDG_RUNTIME_DIR: 'run' }), join(temporary, `up-${userInfo().uid}`))
  assert.equal(controlFolder({}), join(temporary, `up-${userInfo().uid}`))
})

test("The folder is the user's alone; one that others may look into, a file and a link are refused", t => {
  const base = tempFolder(t)
  const own = join(base, 'own')
  openControlFolder(own)
  assert.equal(lstatSync(own).mode & 0o777, 0o700)
  openControlFolder(own)
  const open = join(base, 'open')
  mkdirSync(open)
  chmodSync(open, 0o755)
  refusal(() => openControlFolder(open), /its mode is 755, but must be 700$/)
  const file = join(base, 'file')
  writeFileSync(file, '')
  refusal(() => openControlFolder(file), /can't be used: /)
  const link = join(base, 'link')
  symlinkSync(own, link)
  refusal(() => openControlFolder(link), /it is no folder$/)
  refusal(() => openControlFolder('/proc/up'), /can't be used: ENOENT/)
})

test(
  "Somebody else's folder is refused",
  { skip: userInfo().uid !== 0 && 'only root can make one' },
  async t => {
    const { chownSync } = await import('node:fs')
    const folder = join(tempFolder(t), 'foreign')
    mkdirSync(folder, { mode: 0o700 })
    chownSync(folder, 12_345, 12_345)
    refusal(() => openControlFolder(folder), /it belongs to the user 12345$/)
    await assert.rejects(listInstances(folder), /it belongs to the user 12345$/)
  }
)

test('Those that live are listed by name; what is left of the dead is cleaned away, and nothing else', async t => {
  const folder = privateFolder(t, { 'note.txt': 'mine', 'plain.sock': 'no socket' })
  for (const name of ['b', 'a']) await listening(t, join(folder, `${name}.sock`))
  await stale(t, join(folder, 'dead.sock'))
  for (const foreign of ['.x.sock', 'a b.sock', '$(id).sock', 'other'])
    await listening(t, join(folder, foreign))
  const found = await listInstances(folder)
  assert.deepEqual(
    found.map(({ name }) => name),
    ['a', 'b']
  )
  assert.equal(existsSync(join(folder, 'dead.sock')), false)
  assert.ok(existsSync(join(folder, 'note.txt')))
  assert.ok(existsSync(join(folder, 'plain.sock')))
  assert.deepEqual(await listInstances(join(folder, 'none')), [])
})

test('A control socket is for its user alone, takes the place of a dead one, and never of a live one', async t => {
  const path = join(tempFolder(t), 'c.sock')
  await stale(t, path)
  const answer = (_req: unknown, res: { end(): void }): void => res.end()
  const socket = await ControlSocket.open(path, answer)
  assert.ok(socket)
  assert.equal(lstatSync(path).mode & 0o777, 0o600)
  assert.equal(await knock(path), 'live')
  assert.equal(await ControlSocket.open(path, answer as never), undefined)
  assert.equal(await knock(path), 'live')
  socket.close()
  assert.equal(existsSync(path), false)
  assert.equal(await knock(path), 'dead')
})

test('Of several that find the same dead socket at once one gets its place, and nobody who looks on takes it away', async t => {
  const folder = privateFolder(t, {})
  const path = join(folder, 'c.sock')
  for (let round = 0; round < 5; round++) {
    await stale(t, path)
    const opening = [1, 2, 3].map(() => ControlSocket.open(path, (_req, res) => res.end()))
    await Promise.all([1, 2, 3].map(() => listInstances(folder)))
    const opened = (await Promise.all(opening)).filter(socket => socket !== undefined)
    assert.equal(opened.length, 1)
    assert.equal(await knock(path), 'live')
    assert.deepEqual(readdirSync(folder), ['c.sock'])
    opened[0]?.close()
  }
})

test("A socket that ends does not take another's away that is at its path by now", async t => {
  const path = join(tempFolder(t), 'c.sock')
  const first = await ControlSocket.open(path, () => {})
  rmSync(path)
  const second = await ControlSocket.open(path, () => {})
  first?.close()
  assert.equal(await knock(path), 'live')
  second?.close()
  assert.equal(existsSync(path), false)
})

test('So many may be connected at once, and no more', async t => {
  const path = join(tempFolder(t), 'c.sock')
  const socket = await ControlSocket.open(path, (_req, res) => res.end())
  t.after(() => socket?.close())
  const clients = Array.from({ length: 300 }, () => connect(path))
  let closed = 0
  for (const client of clients) {
    t.after(() => client.destroy())
    client.on('error', () => {}).on('close', () => closed++)
    client.resume()
  }
  await until(() => closed === 300 - 256)
})

test('A file that is no socket is left alone, and told of', async t => {
  const folder = tempFolder(t, { 'c.sock': 'precious' })
  const path = join(folder, 'c.sock')
  await assert.rejects(
    ControlSocket.open(path, () => {}),
    /can't be opened: a file that is no socket is there$/
  )
  assert.ok(lstatSync(path).isFile())
  await assert.rejects(
    ControlSocket.open(join(folder, 'none', 'c.sock'), () => {}),
    /can't be opened: /
  )
})

test('A name is one that a file can have, and no path', () => {
  for (const name of ['shop', 'shop-2', 'a.b_c', '_', 'x'.repeat(64)]) assert.ok(isInstanceName(name), name)
  for (const name of ['', '.', '..', '.x', '-x', 'a/b', 'a\0', 'a b', 'x'.repeat(65), 'é', 'a\n'])
    assert.ok(!isInstanceName(name), name)
  refusal(() => socketPathOf('/run', '../x'), /^the name \.\.\/x must have 1 to 64/)
  refusal(() => socketPathOf(`/${'x'.repeat(100)}`, 'shop'), /has 111 bytes, at most 103 can be$/)
  assert.equal(nameFrom('@scope/shop'), 'scope-shop')
  assert.equal(nameFrom('../..'), 'app')
  assert.ok(isInstanceName(nameFrom(`-${'é/'.repeat(80)}x`)))
})
