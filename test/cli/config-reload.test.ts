import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { get } from '../helpers/cli-app.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

/** Answers with its pid, or with a variable of its environment, its arguments, and its title. */
const APP = `
module.exports = require('node:http').createServer((req, res) =>
  res.end(req.url === '/pid' ? String(process.pid) : [process.env.COLOUR, ...process.argv.slice(2)].join(' '))
)`

interface Config {
  readonly [name: string]: unknown
}

function configText(config: Config): string {
  return `export default ${JSON.stringify({ file: 'app.js', port: 0, control: 'c.sock', ...config })}\n`
}

interface Running {
  readonly up: CliProcess
  readonly url: string
  readonly cwd: string
}

async function start(t: TestContext, config: Config, args: string[] = []): Promise<Running> {
  const cwd = tempFolder(t, { 'app.js': APP, 'up.config.mjs': configText(config) })
  const up = startUp(t, args, { cwd })
  const url = await up.url()
  for (let i = 0; i < Number(config['numWorkers']); i++) await up.line(/worker \d+ is ready/)
  return { up, url, cwd }
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A call of the control API. */
async function call({ cwd }: Running, method: string, path: string, body?: object): Promise<Answer> {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const req = request({ socketPath: join(cwd, 'c.sock'), method, path, headers, agent: false })
  const answered = new Promise<Answer>((resolve, reject) => {
    req.on('error', reject).on('response', res => {
      text(res).then(
        told => resolve({ status: res.statusCode ?? 0, body: JSON.parse(told) as Answer['body'] }),
        reject
      )
    })
  })
  req.end(body === undefined ? undefined : JSON.stringify(body))
  return answered
}

async function workersOf(running: Running): Promise<{ readonly pid: number; readonly generation: number }[]> {
  const { workers, generation } = (await call(running, 'GET', '/status')).body as {
    generation: number
    workers: { pid: number; generation: number; state: string }[]
  }
  return workers.filter(worker => worker.generation === generation && worker.state === 'spawned')
}

test('A file is all that is needed: up serves as it says', async t => {
  const running = await start(t, { numWorkers: 2, env: { COLOUR: 'red' }, args: ['--fast'] })
  assert.equal(await get(running.url), 'red --fast')
  assert.equal((await workersOf(running)).length, 2)
})

for (const signal of ['SIGHUP', 'SIGUSR2'] as const) {
  test(`${signal} reads the file again: workers, their number, environment and arguments are as it says by then`, async t => {
    const running = await start(t, { numWorkers: 1, env: { COLOUR: 'red' } })
    const { up, url, cwd } = running
    assert.equal(await get(url), 'red')
    write(
      cwd,
      'up.config.mjs',
      configText({ numWorkers: 2, env: { COLOUR: 'blue' }, args: ['x'], strategy: 'all' })
    )
    up.proc.kill(signal)
    await up.line(/reloaded in .*: generation 2/)
    assert.equal(await get(url), 'blue x')
    assert.equal((await workersOf(running)).length, 2)
    assert.doesNotMatch(up.lines.join('\n'), /need a restart/)
  })
}

test('What cannot be changed while it runs is told, on the log and to POST /reload, each time', async t => {
  const running = await start(t, { numWorkers: 1, via: 'shop' })
  const { up, cwd } = running
  write(
    cwd,
    'up.config.mjs',
    configText({
      numWorkers: 2,
      via: 'store',
      port: 1,
      watch: true,
      readyTimeout: '20s',
      strategy: 'all'
    })
  )
  const first = await call(running, 'POST', '/reload')
  assert.equal(first.status, 200, JSON.stringify(first.body))
  assert.deepEqual(first.body['notApplied'], ['port', 'watch', 'via'])
  await up.line(/other settings need a restart: port, watch, via$/)
  assert.equal((await workersOf(running)).length, 2)
  const second = await call(running, 'POST', '/reload')
  assert.deepEqual(second.body['notApplied'], ['port', 'watch', 'via'])
  write(cwd, 'up.config.mjs', configText({ numWorkers: 2, via: 'shop' }))
  assert.deepEqual((await call(running, 'POST', '/reload')).body['notApplied'], [])
})

test('How many requests may wait, and for how long, is as the file says after a reload', async t => {
  const running = await start(t, { numWorkers: 1, maxHeld: 0 })
  const { url, cwd } = running
  const held = async (): Promise<{ status: number; refused: unknown; expired: unknown }> => {
    await call(running, 'POST', '/pause')
    const { status } = await fetch(url)
    const { refused, expired } = (await call(running, 'GET', '/status')).body
    await call(running, 'POST', '/resume')
    return { status, refused, expired }
  }
  assert.deepEqual(await held(), { status: 503, refused: 1, expired: 0 })
  write(cwd, 'up.config.mjs', configText({ numWorkers: 1, maxHeld: 5, holdTimeout: '50ms' }))
  assert.deepEqual((await call(running, 'POST', '/reload')).body['notApplied'], [])
  assert.deepEqual(await held(), { status: 503, refused: 1, expired: 1 })
})

test('Old workers are kept as the file says at the reload that replaces them', async t => {
  const running = await start(t, { numWorkers: 1 })
  const { url, cwd } = running
  const before = await get(`${url}/pid`)
  write(cwd, 'up.config.mjs', configText({ numWorkers: 1, keepPrevious: true, workerTimeout: '1m' }))
  assert.deepEqual((await call(running, 'POST', '/reload')).body['notApplied'], [])
  assert.notEqual(await get(`${url}/pid`), before)
  assert.equal((await call(running, 'POST', '/rollback')).status, 200)
  assert.equal(await get(`${url}/pid`), before)
})

test('With a file that is broken a reload fails with its error, and all is as it was', async t => {
  const running = await start(t, { numWorkers: 2, env: { COLOUR: 'red' } })
  const { up, url, cwd } = running
  const before = await workersOf(running)
  write(cwd, 'up.config.mjs', configText({ numWorkers: 'zwei', env: { COLOUR: 'blue' } }))
  const answer = await call(running, 'POST', '/reload')
  assert.equal(answer.status, 500)
  const { code, message } = answer.body['error'] as { code: string; message: string }
  assert.equal(code, 'UP_ERR_RELOAD')
  assert.match(message, /up\.config\.mjs: numWorkers is "zwei", but must be a whole number/)
  await up.line(/the reload failed, generation 1 keeps serving: up\.config\.mjs: numWorkers is "zwei"/)

  write(cwd, 'up.config.mjs', 'export default {')
  up.proc.kill('SIGHUP')
  await up.line(
    /the reload failed, generation 1 keeps serving: up\.config\.mjs cannot be loaded: SyntaxError/
  )
  assert.deepEqual(
    (await workersOf(running)).map(({ pid }) => pid).sort(),
    before.map(({ pid }) => pid).sort()
  )
  assert.equal(await get(url), 'red')
})

test('Where the new workers fail, what replaces an old one is started as that was', async t => {
  const running = await start(t, { numWorkers: 1, env: { COLOUR: 'red' } })
  const { up, url, cwd } = running
  write(cwd, 'up.config.mjs', configText({ numWorkers: 2, env: { COLOUR: 'blue' } }))
  write(cwd, 'app.js', `if (process.env.COLOUR === 'blue') throw new Error('boom')\n${APP}`)
  up.proc.kill('SIGHUP')
  await up.line(/the reload failed, generation 1 keeps serving/)
  assert.equal((await call(running, 'GET', '/status')).body['numWorkers'], 1)
  const [worker] = await workersOf(running)
  assert.ok(worker)
  process.kill(worker.pid, 'SIGKILL')
  const replacement = Number((await up.line(/worker (\d+) is ready/))[1])
  assert.notEqual(replacement, worker.pid)
  assert.equal(await get(url), 'red')
})

test('A number of workers that was asked for by hand stays until the file has another one', async t => {
  const running = await start(t, { numWorkers: 1, strategy: 'all' })
  assert.equal((await call(running, 'POST', '/scale', { workers: 2 })).status, 200)
  await call(running, 'POST', '/reload')
  assert.equal((await workersOf(running)).length, 2)
  write(running.cwd, 'up.config.mjs', configText({ numWorkers: 3, strategy: 'all' }))
  await call(running, 'POST', '/reload')
  assert.equal((await workersOf(running)).length, 3)
})

test('A generation that waits is as many as the one that serves, also with another number', async t => {
  const running = await start(t, { numWorkers: 1 })
  write(running.cwd, 'up.config.mjs', configText({ numWorkers: 2 }))
  assert.equal((await call(running, 'POST', '/reload', { standby: true })).status, 200)
  assert.equal((await workersOf(running)).length, 2)
  await call(running, 'POST', '/abort')
  assert.equal((await workersOf(running)).length, 2)
})

test('An option of the command line counts more than a file that has changed', async t => {
  const running = await start(t, { numWorkers: 1 }, ['-n', '1'])
  write(running.cwd, 'up.config.mjs', configText({ numWorkers: 3, strategy: 'all' }))
  const { body } = await call(running, 'POST', '/reload')
  assert.deepEqual(body['notApplied'], [])
  assert.equal((await workersOf(running)).length, 1)
})

test('up proxy serves as the part proxy of the file says', async t => {
  const cwd = tempFolder(t, {
    'app.js': APP,
    'up.config.mjs': `export default ({ env }) => ({ proxy: { upstreams: [env.UPSTREAM], host: '127.0.0.1', port: 0 } })`
  })
  const app = startUp(t, ['--no-config', '-p', '0', '-n', '1', 'app.js'], { cwd, env: { COLOUR: 'green' } })
  const { port } = new URL(await app.url())
  const proxy = startUp(t, ['proxy'], { cwd, env: { UPSTREAM: `127.0.0.1:${port}` } })
  assert.equal(await get(await proxy.url()), 'green')
})
