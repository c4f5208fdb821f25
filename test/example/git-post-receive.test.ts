import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ask, copyExample, edit, UP } from '../helpers/example.js'
import { Program, testFolder } from '../helpers/program.js'

const run = promisify(execFile)

/** Git without the settings of the machine. */
const GIT_ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.org'
}

/** Returns what git and the hooks of the other side wrote. */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('git', args, { cwd, env: GIT_ENV, timeout: 60_000 })
  return stdout + stderr
}

test('git-post-receive: each push to main is deployed, and reloads the up that runs', async t => {
  const example = copyExample(t, 'git-post-receive')
  const folder = testFolder(t)
  const bare = join(folder, 'app.git')
  const work = join(folder, 'work')
  const app = join(folder, 'app')
  mkdirSync(app)
  await git(folder, 'init', '-q', '--bare', '-b', 'main', bare)
  await git(bare, 'config', 'up.dir', app)
  cpSync(join(example, 'post-receive'), join(bare, 'hooks/post-receive'))
  await git(folder, 'clone', '-q', bare, work)
  await git(work, 'checkout', '-q', '-b', 'main')
  for (const file of ['package.json', 'server.js']) cpSync(join(example, file), join(work, file))
  const push = async (): Promise<string> => {
    await git(work, 'add', '-A')
    await git(work, 'commit', '-q', '-m', 'a version')
    return git(work, 'push', '-q', 'origin', 'main')
  }
  assert.match(await push(), /no up is running/)

  const up = Program.start(t, [UP, '-n', '2', '-f', 'up.pid', 'current/server.js'], { cwd: app })
  const port = await up.port()
  assert.match((await ask(port)).body, /^Version 1\.0\.0/)

  edit(work, 'package.json', '"1.0.0"', '"1.1.0"')
  assert.match(await push(), /up reloads [0-9a-f]{40}/)
  await up.waitFor(/reloaded in .*generation 2, version 1\.0\.0 -> 1\.1\.0/)
  assert.match((await ask(port)).body, /^Version 1\.1\.0/)

  // A branch that is not deployed changes nothing; a version that does not start leaves the last one serving.
  await git(work, 'push', '-q', 'origin', 'main:refs/heads/other')
  edit(work, 'server.js', 'export default', 'throw')
  assert.match(await push(), /up reloads/)
  await up.waitFor(/the reload failed, generation 2 keeps serving/)
  assert.match((await ask(port)).body, /^Version 1\.1\.0/)
  assert.deepEqual(await up.stop(), { code: 0, left: [] })
  assert.match(await git(work, 'push', '-q', 'origin', ':refs/heads/other'), /^(?!.*(up reloads|in place))/s)
})
