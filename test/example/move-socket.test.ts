import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { allGone } from '../helpers/cli-process.js'
import { ask, copyExample, UP } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

/** Runs deploy.sh; returns the pid of the version that serves then, which is gone with the test. */
async function deploy(t: TestContext, folder: string, version: string, path: string): Promise<number> {
  const proc = spawn('sh', [join(folder, 'deploy.sh'), version, path], { stdio: 'ignore' })
  const [code] = (await once(proc, 'exit')) as [number]
  const pid = Number(readFileSync(`${path}.pid`, 'utf8'))
  t.after(async () => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has left.
    }
    await allGone([pid])
  })
  assert.equal(code, 0)
  return pid
}

test('move-socket: each version that is deployed gets the requests, and the one before it finishes and leaves', async t => {
  const folder = copyExample(t, 'move-socket')
  const path = join(folder, 'app.sock')
  const program = Program.start(t, [UP, 'proxy', `unix:${path}`])
  const port = await program.port()
  // Before anybody serves, requests are held.
  const early = ask(port)
  const pids = [await deploy(t, folder, 'v1', path)]
  assert.equal((await early).body, 'This is v1\n')
  for (let i = 2; i <= 4; i++) {
    const slow = ask(port, '/slow')
    // It has to be at the old version when that is moved aside: there is no other sign of it than time.
    while ((await ask(port)).body !== `This is v${i - 1}\n`);
    pids.push(await deploy(t, folder, `v${i}`, path))
    assert.equal((await ask(port)).body, `This is v${i}\n`)
    assert.equal((await slow).body, `This is v${i - 1}, late\n`)
  }
  await allGone(pids.slice(0, -1))
  assert.ok(existsSync(path))
  assert.equal((await program.stop()).code, 0)
})
