import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { ReloadError, UpError, WorkerError } from '#lib/errors.js'
import type { Strategy } from '#lib/options/options.js'
import { answering, captureStderr, launch, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, Load } from '../helpers/client.js'
import { processes, temporary } from '../helpers/leftovers.js'
import { nextEvent, until } from '../helpers/wait.js'

interface Broken {
  readonly text: string
  /** What the worker itself wrote. */
  readonly stderr: RegExp
  /** What the master says. */
  readonly says: RegExp
}

const broken: Record<string, Broken> = {
  'throws at import': {
    text: 'throw new TypeError("no database")',
    stderr: /app\.mjs:1\nthrow new TypeError\("no database"\)[^]*TypeError: no database\n {4}at /,
    says: /failed to start: it exited with code 1/
  },
  'has a syntax error': {
    text: 'export default (req, res) => {',
    stderr: /app\.mjs:\d+\n[^]*SyntaxError: Unexpected end of input/,
    says: /failed to start: it exited with code 1/
  },
  'imports what is not there': {
    text: 'import "./none.js"',
    stderr: /ERR_MODULE_NOT_FOUND[^]*none\.js|Cannot find module[^]*none\.js/,
    says: /failed to start: it exited with code 1/
  },
  'rejects a top-level await': {
    text: 'await Promise.reject(new Error("no secret"))',
    stderr: /Error: no secret\n {4}at .*app\.mjs/,
    says: /failed to start: it exited with code 1/
  },
  'exports a promise that rejects': {
    text: 'export default Promise.reject(new Error("not today"))',
    stderr: /Error: not today/,
    says: /failed to start: it exited with code 1/
  },
  'throws undefined': {
    text: 'throw undefined',
    stderr: /undefined/,
    says: /failed to start: it exited with code 1/
  },
  exits: {
    text: 'console.error("giving up"); process.exit(4)',
    stderr: /^giving up$/,
    says: /failed to start: it exited with code 4/
  },
  'exits with code 0': {
    text: 'console.error("done"); process.exit()',
    stderr: /^done$/,
    says: /failed to start: it exited with code 0/
  },
  'is killed': {
    text: 'console.error("out of memory"); process.kill(process.pid, "SIGKILL")',
    stderr: /^out of memory$/,
    says: /failed to start: it was ended by SIGKILL/
  },
  'exports nothing that can serve': {
    text: 'export default { port: 3000 }',
    stderr:
      /app\.mjs exports an object with the keys port, nor does it call listen\(\); expected an http, https or net Server/,
    says: /failed to start: .*app\.mjs exports an object with the keys port, nor does it call listen\(\); expected/
  },
  'never binds': {
    text: 'console.error("thinking"); export default { listen() { return new Promise(() => {}) } }',
    stderr: /^thinking$/,
    says: /failed to start: the worker did not listen within 1500 ms \(readyTimeout\)/
  },
  'waits at a top-level await for ever': {
    text: 'console.error("waiting"); setInterval(() => {}, 1000); await new Promise(() => {})',
    stderr: /^waiting$/,
    says: /failed to start: the worker did not listen within 1500 ms \(readyTimeout\)/
  },
  'blocks its event loop': {
    text: 'console.error("busy"); for (;;);',
    stderr: /^busy$/,
    says: /failed to start: the worker did not listen within 1500 ms \(readyTimeout\)/
  }
}

const strategies: Strategy[] = ['first', 'all', 'rolling']

for (const [what, { text, stderr, says }] of Object.entries(broken)) {
  test(`5. A reload with a module that ${what} fails with its stderr, and the old code serves on`, async t => {
    captureStderr(t)
    const app = writeApp(t, answering('old'))
    const { srv, port, failures } = await serve(t, app.file, { numWorkers: 2, readyTimeout: 1500 })
    const old = srv.workers
    const processesBefore = processes().length
    app.write(text)
    await assert.rejects(srv.reload(), (error: unknown) => {
      assert.ok(error instanceof ReloadError)
      assert.equal(error.code, 'UP_ERR_RELOAD')
      assert.match(error.stderr, stderr)
      assert.match(error.message, says)
      assert.ok(error.cause instanceof WorkerError)
      assert.ok(error.message.includes(error.stderr))
      return true
    })
    assert.equal((await fetchOnce(port)).body, 'old')
    assert.deepEqual(srv.workers, old)
    assert.equal(srv.generation, 1)
    assert.equal(failures.filter(error => error instanceof ReloadError).length, 1)
    await until(() => processes().length === processesBefore)

    app.write(answering('new'))
    const { generation } = await srv.reload()
    assert.equal(generation, 2)
    assert.equal((await fetchOnce(port)).body, 'new')
  })
}

/** A module of which only the first worker starts: all others fail when it has. */
const onlyOneStarts = `
  import { mkdirSync } from 'node:fs'
  try { mkdirSync(import.meta.dirname + '/taken') } catch { throw new Error('I am not the first') }
  ${answering('new')}
`

for (const strategy of strategies) {
  test(`5. Under '${strategy}' a failing reload costs clients neither a request nor a connection`, async t => {
    captureStderr(t)
    const app = writeApp(t, lengthApp)
    const { srv, port } = await serve(t, app.file, { numWorkers: 2, strategy })
    const load = new Load(port, 6, true)
    app.write('throw new Error("broken")')
    for (let i = 0; i < 3; i++) {
      await load.answered(20)
      await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', stderr: /Error: broken/ })
    }
    app.write(lengthApp)
    assert.equal((await srv.reload()).generation, 2)
    await load.answered(20)
    const { failed, reconnects } = await load.stop()
    assert.deepEqual(failed, [])
    assert.equal(reconnects, 0)
  })
}

test(`5. Under 'all' one worker that fails makes the reload fail, and the others of its set leave`, async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 2, strategy: 'all' })
  const old = srv.workers
  app.write(onlyOneStarts)
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', stderr: /I am not the first/ })
  assert.deepEqual(srv.workers, old)
  assert.equal(srv.generation, 1)
  for (let i = 0; i < 3; i++) assert.equal((await fetchOnce(port)).body, 'old')
  await until(() => srv.status().workers.length === 2)
})

test(`5. Under 'rolling' the reload stops where it is, at full number`, async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 2, strategy: 'rolling' })
  app.write(onlyOneStarts)
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', stderr: /I am not the first/ })
  assert.deepEqual(srv.workers.map(({ generation }) => generation).sort(), [1, 2])
  const client = new Client(port)
  t.after(() => client.close())
  const answers = new Set([(await client.get('/')).body, (await client.get('/')).body])
  assert.deepEqual([...answers].sort(), ['new', 'old'])
  await until(() => srv.status().workers.length === 2)

  app.write(answering('mended'))
  const { workers } = await srv.reload()
  assert.deepEqual(srv.workers, workers)
  assert.equal(workers.length, 2)
  for (let i = 0; i < 3; i++) assert.equal((await client.get('/')).body, 'mended')
})

test(`5. Under 'all' one worker that dies while the others start makes the reload fail`, async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 2, strategy: 'all' })
  app.write(`
    import { mkdirSync } from 'node:fs'
    let first = true
    try { mkdirSync(import.meta.dirname + '/taken') } catch { first = false }
    if (!first) await new Promise(resolve => process.on('SIGUSR2', resolve))
    ${answering('new')}
  `)
  const reload = srv.reload()
  const ready = await nextEvent(srv, 'spawn')
  const other = srv.spawning[0]
  const gone = nextEvent(srv, 'terminate')
  ready.kill()
  await gone
  other?.proc.kill('SIGUSR2')
  await assert.rejects(reload, { code: 'UP_ERR_RELOAD' })
  assert.equal((await fetchOnce(port)).body, 'old')
  assert.equal(srv.generation, 1)
})

test('5. A module that fails at the first start is tried again, and requests wait meanwhile', async t => {
  captureStderr(t)
  const app = writeApp(t, 'throw new Error("not yet")')
  const { srv, port } = await launch(t, app.file, { numWorkers: 1 })
  const answer = fetchOnce(port)
  const error = await nextEvent(srv, 'fail')
  assert.ok(error instanceof WorkerError)
  assert.equal(error.code, 'UP_ERR_WORKER_START')
  assert.match(error.stderr, /Error: not yet/)
  app.write(answering('now'))
  assert.deepEqual(await answer.then(({ status, body }) => [status, body]), [200, 'now'])
  assert.equal(srv.generation, 1)
})

test('5. A reload mends a server whose first start fails', async t => {
  captureStderr(t)
  const app = writeApp(t, 'throw new Error("not yet")')
  const { srv, port } = await launch(t, app.file, { numWorkers: 2 })
  const answer = fetchOnce(port)
  await nextEvent(srv, 'fail')
  app.write(answering('now'))
  const { workers } = await srv.reload()
  assert.equal((await answer).body, 'now')
  assert.deepEqual(srv.workers, workers)
})

test('5. A failed reload leaves no socket file', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv } = await serve(t, app.file, { numWorkers: 2 })
  const sockets = listSockets()
  app.write('throw new Error("broken")')
  await assert.rejects(srv.reload(), UpError)
  assert.deepEqual(listSockets(), sockets)
})

function listSockets(): string[] {
  return (readdirSync(temporary, { recursive: true }) as string[])
    .filter(name => name.endsWith('.sock'))
    .sort()
}

const lengthApp = `
  export default async (req, res) => {
    let length = 0
    for await (const piece of req) length += piece.length
    res.end(String(length))
  }
`
