import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { fetchOnce } from '../helpers/client.js'
import { startExternal } from '../helpers/external.js'
import { tempFolder } from '../helpers/watch-folder.js'

/** Starts `up proxy` on a free port of 127.0.0.1. */
function startProxy(t: TestContext, args: string[]): CliProcess {
  return startUp(t, ['proxy', '-p', '0', '--host', '127.0.0.1', ...args], { cwd: tempFolder(t) })
}

async function portOf(up: CliProcess): Promise<number> {
  return Number(new URL(await up.url()).port)
}

test('An upstream with #backup is used only while no other is available', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b')
  const up = startProxy(t, [`127.0.0.1:${a.place}`, `127.0.0.1:${b.place}#backup`])
  await up.line(
    new RegExp(`proxying to 127\\.0\\.0\\.1:${a.place}, 127\\.0\\.0\\.1:${b.place} \\(backup\\)$`)
  )
  const port = await portOf(up)
  for (let i = 0; i < 3; i++) assert.equal((await fetchOnce(port)).body, 'a')
  await a.kill()
  for (let i = 0; i < 3; i++) assert.equal((await fetchOnce(port)).body, 'b')
  await startExternal(t, 'a', Number(a.place))
  await up.line(new RegExp(`127\\.0\\.0\\.1:${a.place} is available again`))
  for (let i = 0; i < 3; i++) assert.equal((await fetchOnce(port)).body, 'a')
})

test('An upstream with #weight=3 gets three times as many requests', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b')
  const up = startProxy(t, [`127.0.0.1:${a.place}#weight=3`, `127.0.0.1:${b.place}`])
  const port = await portOf(up)
  const bodies: string[] = []
  for (let i = 0; i < 8; i++) bodies.push((await fetchOnce(port)).body)
  assert.deepEqual(bodies.sort(), ['a', 'a', 'a', 'a', 'a', 'a', 'b', 'b'])
})
