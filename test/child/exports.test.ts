import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerError } from '#lib/errors.js'
import { captureStderr, fixture, launch, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce } from '../helpers/client.js'
import { message, nextEvent } from '../helpers/wait.js'

for (const [file, what] of [
  ['http-server.cjs', 'an http.Server as module.exports'],
  ['https-server.cjs', 'an https.Server'],
  ['net-server.cjs', 'a net.Server'],
  ['listening.cjs', 'a server that it has told to listen itself'],
  ['listener.cjs', 'a request listener'],
  ['async-listener.mjs', 'an async request listener'],
  ['express.mjs', 'an Express app'],
  ['koa-callback.mjs', 'the callback() of a Koa app'],
  ['koa-app.mjs', 'a Koa app, which has a `listen`'],
  ['object-server.cjs', 'an object with a `server`'],
  ['object-ready.cjs', 'an object with a `server` that has to be made `ready` first'],
  ['object-listen-callback.cjs', 'an object with a `listen` that takes a callback'],
  ['object-listen-promise.mjs', 'an object with a `listen` that returns a promise'],
  ['default-export.mjs', 'a default export beside others'],
  ['named-server.mjs', 'a `server` by name, without a default export'],
  ['transpiled.cjs', 'an ES module that was transpiled to CommonJS'],
  ['top-level-await.mjs', 'an ES module with a top-level await'],
  ['promise.cjs', 'a promise of a listener'],
  ['promise.mjs', 'a promise of a server'],
  ['commonjs/app.js', 'a .js file of a package without a type, as CommonJS'],
  ['commonjs/detected.js', 'a .js file of a package without a type, as ESM'],
  ['commonjs/app.mjs', 'an .mjs file of a package without a type'],
  ['commonjs', 'a folder with an index.js'],
  ['commonjs/app', 'a path without its extension'],
  ['module/app.js', 'a .js file of a package of type module'],
  ['module/app.cjs', 'a .cjs file of a package of type module']
] as const) {
  test(`A module may export ${what} (${file})`, async t => {
    const { port } = await serve(t, fixture(`exports/${file}`), { numWorkers: 1 })
    const { status, body } = await fetchOnce(port)
    assert.deepEqual([status, body], [200, 'served'])
  })
}

test(`With workerBind 'port', too, an app makes its own server by its listen`, async t => {
  const options = { numWorkers: 1, workerBind: 'port' } as const
  for (const file of ['koa-app.mjs', 'object-listen-promise.mjs', 'https-server.cjs', 'net-server.cjs']) {
    const { srv, port } = await serve(t, fixture(`exports/${file}`), options)
    assert.equal((await fetchOnce(port)).body, 'served', file)
    assert.ok(srv.workers[0]?.port, file)
    await srv.close()
  }
})

const EXPECTED =
  'expected an http, https or net Server, a request listener (an Express app, koa.callback()), or an object ' +
  'with a `server` or a `listen` method, as module.exports or as the default export'

for (const [text, shown] of [
  ['export default {}', 'an empty object'],
  ['export default { port: 1, host: 2 }', 'an object with the keys port, host'],
  ['export const app = 1, other = 2', 'an object with the keys app, other'],
  ['', 'an empty object'],
  ['export default null', 'null'],
  ['export default undefined', 'undefined'],
  ['export default 3000', '3000'],
  ['export default "app"', '"app"'],
  ['export default [() => {}]', '[a function]'],
  ['export default Promise.resolve(7)', '7'],
  ['export default { server: "none" }', 'an object with the keys server'],
  ['export default { listen: 3000 }', 'an object with the keys listen']
] as const) {
  test(`A module with ${JSON.stringify(text)} fails with what it exports and what is expected`, async t => {
    const stderr = captureStderr(t)
    const { file } = writeApp(t, text)
    const { srv } = await launch(t, file, { numWorkers: 1 })
    const error = await nextEvent(srv, 'fail')
    assert.ok(error instanceof WorkerError)
    assert.equal(error.code, 'UP_ERR_EXPORT')
    assert.ok(
      error.message.includes(`${file} exports ${shown}, nor does it call listen(); ${EXPECTED}`),
      error.message
    )
    assert.equal(error.stderr, `${file} exports ${shown}, nor does it call listen(); ${EXPECTED}`)
    assert.ok(stderr().includes(error.stderr))
  })
}

for (const [file, says] of [
  ['http2-server.cjs', /exports a Http2Server; the master speaks plain HTTP\/1\.1 to its workers; expected/],
  ['tls-server.cjs', /exports a Server; the master speaks plain HTTP\/1\.1 to its workers; expected/]
] as const) {
  test(`The module ${file} is refused with the reason`, async t => {
    captureStderr(t)
    const { srv } = await launch(t, fixture(`exports/${file}`), { numWorkers: 1 })
    const error = (await nextEvent(srv, 'fail')) as WorkerError
    assert.equal(error.code, 'UP_ERR_EXPORT')
    assert.match(error.stderr, says)
  })
}

test('A `listen` that fails fails the start with its error', async t => {
  captureStderr(t)
  const { file } = writeApp(t, `export default { listen: async () => { throw new Error('no license') } }`)
  const { srv } = await launch(t, file, { numWorkers: 1 })
  assert.match(((await nextEvent(srv, 'fail')) as WorkerError).stderr, /Error: no license/)
})

test('A `listen` that tells an error by its callback fails the start with it', async t => {
  captureStderr(t)
  const { file } = writeApp(
    t,
    `export default { listen: (...args) => void setImmediate(args.pop(), new Error('no license')) }`
  )
  const { srv } = await launch(t, file, { numWorkers: 1 })
  assert.match(((await nextEvent(srv, 'fail')) as WorkerError).stderr, /Error: no license/)
})

test('A `listen` with a callback is waited for until it calls back', async t => {
  const { file } = writeApp(
    t,
    `import { createServer } from 'node:http'
     const server = createServer((req, res) => res.end('served'))
     export default {
       listen(...args) {
         process.on('SIGUSR2', () => server.listen(...args))
         process.send('asked')
       }
     }`
  )
  const { srv } = await launch(t, file, { numWorkers: 1 })
  const [worker] = srv.spawning
  assert.ok(worker)
  await message(worker, 'asked')
  const ready = nextEvent(srv, 'spawn')
  assert.equal(worker.readyState, 'spawning')
  worker.proc.kill('SIGUSR2')
  await ready
})

test(`A \`listen\` that returns no server cannot be used with workerBind 'port'`, async t => {
  captureStderr(t)
  const file = fixture('exports/object-listen-callback.cjs')
  const { srv } = await launch(t, file, { numWorkers: 1, workerBind: 'port' })
  const { code, stderr } = (await nextEvent(srv, 'fail')) as WorkerError
  assert.equal(code, 'UP_ERR_EXPORT')
  assert.match(stderr, /returns no server, so its port is unknown; expected a Server, or a promise of one/)
})

test('A server keeps its connections open for longer than the master does', async t => {
  const { file } = writeApp(
    t,
    `import { createServer } from 'node:http'
     const server = createServer((req, res) => res.end(String(server.keepAliveTimeout)))
     server.keepAliveTimeout = 10
     export default server`
  )
  const { port } = await serve(t, file, { numWorkers: 1 })
  const client = new Client(port)
  t.after(() => client.close())
  assert.ok(Number((await client.get('/')).body) > 15_000)
})
