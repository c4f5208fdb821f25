import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createNetServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { UpServer } from '#lib/server/up-server.js'
import { captureStderr, writeApp } from '../helpers/app.js'
import { Client, fetchOnce } from '../helpers/client.js'
import { freePort, serveListening } from '../helpers/listens.js'
import { events, until } from '../helpers/wait.js'

const TRANSPORTS = ['proxy', 'handoff'] as const

/** What apps do before they listen, as the packages detect-port, get-port and portfinder do it for them. */
const PROLOGUE = `
  import { once } from 'node:events'
  import { createServer } from 'node:http'
  import { createServer as createNetServer } from 'node:net'
  import { setTimeout as delay } from 'node:timers/promises'
  const probe = (...where) => new Promise((resolve, reject) => {
    const server = createNetServer()
    server.on('error', reject).listen(...where, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
  const answer = (req, res) => setTimeout(() => res.end(String(process.pid)), 5)
`
const SEARCHES = {
  'tries a fixed port on several addresses': `
    const find = async port => {
      for (const host of [undefined, '0.0.0.0', '127.0.0.1', '::', 'localhost'])
        try { await probe(port, host) } catch { return find(port + 1) }
      return port
    }
    createServer(answer).listen(await find(PORT))`,
  'tries a fixed port by an http server': `
    const first = createServer().listen(PORT)
    await once(first, 'listening')
    first.close()
    await once(first, 'close')
    createServer(answer).listen(PORT)`,
  'tries a fixed port, and takes its time': `
    const first = createNetServer().listen(PORT)
    await once(first, 'listening')
    await delay(50 + Math.random() * 100)
    first.close()
    createServer(answer).listen(PORT)`,
  'lets the system choose the port': `createServer(answer).listen(await probe(0))`,
  'lets the system choose the port, and takes its time': `
    const port = await probe(0)
    await delay(Math.random() * 100)
    createServer(answer).listen(port, '0.0.0.0')`,
  'tries the next port where one is taken': `
    const server = createServer(answer).listen(TAKEN)
    server.once('error', () => server.listen(PORT))`
}

async function occupy(t: TestContext): Promise<{ port: number; other: Server }> {
  const other = createNetServer().listen(0)
  t.after(() => other.close())
  await once(other, 'listening')
  return { port: (other.address() as AddressInfo).port, other }
}

/** Asks by connections that stay, and by new ones, until it is stopped. */
function load(t: TestContext, port: number): { stop(): Promise<void> } {
  let stopped = false
  const failed: unknown[] = []
  let count = 0
  const keep = Array.from({ length: 3 }, () => new Client(port))
  t.after(() => keep.forEach(client => client.close()))
  const asks = [...keep.map(client => () => client.get('/')), () => fetchOnce(port)]
  const loops = asks.map(async ask => {
    while (!stopped) {
      await ask().then(({ status }) => assert.equal(status, 200), failed.push.bind(failed))
      count++
    }
  })
  return {
    stop: async () => {
      stopped = true
      await Promise.all(loops)
      assert.deepEqual(failed, [])
      assert.ok(count > loops.length)
    }
  }
}

async function assertAllServe(srv: UpServer, port: number): Promise<void> {
  const pids = new Set(srv.workers.map(({ pid }) => String(pid)))
  const seen = new Set<string>()
  const deadline = performance.now() + 15_000
  while (seen.size < pids.size) {
    assert.ok(performance.now() < deadline, `of ${[...pids].join()} only ${[...seen].join()} answered`)
    // Of connections that come one by one the same worker may accept each.
    const answers = await Promise.all(Array.from({ length: 16 }, () => fetchOnce(port)))
    for (const { body } of answers) if (pids.has(body)) seen.add(body)
  }
}

for (const transport of TRANSPORTS) {
  for (const numWorkers of [1, 2]) {
    for (const [what, search] of Object.entries(SEARCHES)) {
      test(`An app that ${what} is served through reloads, by ${transport} with ${numWorkers} workers`, async t => {
        const { port: taken } = await occupy(t)
        const text = search.replaceAll('PORT', String(await freePort())).replaceAll('TAKEN', String(taken))
        const { file } = writeApp(t, PROLOGUE + text)
        const { srv, ports, failures } = await serveListening(t, { transport, numWorkers }, file)
        await until(() => srv.status().ports.some(({ protocol }) => protocol === 'http'))
        await until(() => ports().length === 1)
        const [port = 0] = ports()
        await assertAllServe(srv, port)
        const clients = load(t, port)
        for (let i = 0; i < 3; i++) {
          const gone = events(srv, 'terminate', numWorkers)
          await srv.reload()
          await gone
        }
        await clients.stop()
        await until(() => ports().length === 1)
        assert.deepEqual(ports(), [port])
        await assertAllServe(srv, port)
        assert.deepEqual(failures, [])
      })
    }
  }

  test(`All workers come to the same port though the first that they tried is free by then, by ${transport}`, async t => {
    const { port: taken, other } = await occupy(t)
    const next = await freePort()
    const { file } = writeApp(
      t,
      `${PROLOGUE}
       const server = createServer(answer).listen(${taken})
       server.once('error', () => server.listen(${next}))`
    )
    const { srv, ports, failures } = await serveListening(t, { transport, numWorkers: 1 }, file)
    assert.deepEqual(ports(), [next])
    other.close()
    await once(other, 'close')
    await srv.scale(2)
    assert.deepEqual(ports(), [next])
    await assertAllServe(srv, next)
    // A reload asks anew, as a restart would.
    await srv.reload()
    await until(() => ports().length === 1)
    assert.deepEqual(ports(), [taken])
    await assertAllServe(srv, taken)
    assert.deepEqual(failures, [])
  })

  test(`An app that waits until its port is free gets it then, in all workers, by ${transport}`, async t => {
    const { port, other } = await occupy(t)
    const { file, folder } = writeApp(
      t,
      `${PROLOGUE}
       import { appendFileSync } from 'node:fs'
       const server = createServer(answer)
       server.on('error', () => {
         appendFileSync('refusals', '.')
         setTimeout(() => server.close().listen(${port}), 50)
       })
       server.listen(${port})`,
      { refusals: '' }
    )
    const serving = serveListening(t, { transport, cwd: folder }, file)
    // The first worker that asked, the other one by what that was told, and both once more.
    await until(() => readFileSync(join(folder, 'refusals')).length > 4)
    other.close()
    const { srv, failures } = await serving
    await assertAllServe(srv, port)
    assert.deepEqual(failures, [])
  })

  test(`A port that an app has only looked at is free for its children, by ${transport}`, async t => {
    const { file } = writeApp(
      t,
      `${PROLOGUE}
       import { spawn } from 'node:child_process'
       createServer(answer).listen(0)
       const port = await probe(0)
       const text = \`require('node:net').createServer().listen(\${port}, () => process.exit(7))\`
       const child = spawn(process.execPath, ['-e', text], { stdio: 'inherit' })
       child.on('exit', code => process.send('child ' + code))`
    )
    const codes: unknown[] = []
    const serving = serveListening(t, { transport, numWorkers: 1 }, file)
    const { srv } = await serving
    srv.workers[0]?.proc.on('message', message => codes.push(message))
    await until(() => codes.includes('child 7'))
  })

  test(`After a reload another address or another protocol has the port, by ${transport}`, async t => {
    const port = await freePort()
    const app = (create: string, host: string): string =>
      `${PROLOGUE}\n ${create}.listen(${port}, ${JSON.stringify(host)})`
    const { file, write } = writeApp(t, app('createServer(answer)', '127.0.0.1'))
    const { srv, ports, failures } = await serveListening(t, { transport }, file)
    await assertAllServe(srv, port)
    const client = new Client(port)
    t.after(() => client.close())
    await client.get('/')
    for (const [create, host, protocol] of [
      ['createServer(answer)', '0.0.0.0', 'http'],
      [
        'createNetServer(s => s.on("error", () => {}).resume().end("HTTP/1.1 200 OK\\r\\n\\r\\n" + process.pid))',
        '0.0.0.0',
        'net'
      ],
      ['createServer(answer)', '127.0.0.1', 'http']
    ] as const) {
      write(app(create, host))
      await srv.reload()
      const wanted = JSON.stringify([{ protocol, address: host, port }])
      await until(() => JSON.stringify(srv.status().ports) === wanted)
      await assertAllServe(srv, port)
      // Another address is no reason to close connections; another protocol is.
      if (protocol === 'net') client.close()
      else assert.equal((await client.get('/')).status, 200)
      if (host === '0.0.0.0' && protocol === 'http') assert.equal(client.connections, 1)
    }
    assert.deepEqual(ports(), [port])
    assert.deepEqual(failures, [])
  })
}

test('A port is told once clients can connect, and not before', async t => {
  // What is asked of the worker next it hears later: to let the port listen.
  const busy = 'setImmediate(() => { for (const end = Date.now() + 500; Date.now() < end;); })'
  const { file } = writeApp(t, `${PROLOGUE}\n createNetServer(s => s.end()).listen(0, '127.0.0.1')\n ${busy}`)
  const srv = new UpServer(createServer(), file, { numWorkers: 1, execArgv: [], listen: { port: 0 } })
  t.after(() => srv.close())
  const ports = (): number[] => srv.status().ports.flatMap(port => ('port' in port ? [port.port] : []))
  await until(() => ports().length === 1)
  const client = connect(ports()[0] ?? 0, '127.0.0.1')
  t.after(() => client.destroy())
  await once(client, 'connect')
  // It may be reset at the end.
  client.on('error', () => {})
})

test('A port that the worker has itself is refused to its other servers', async t => {
  const port = await freePort()
  const { file } = writeApp(
    t,
    `${PROLOGUE}
     let seen
     createServer((req, res) => res.end(seen)).listen(${port}, async () => {
       const all = [undefined, '127.0.0.1'].map(host => probe(${port}, host).catch(({ code, message }) => code + message))
       seen = JSON.stringify(await Promise.all(all))
     })`
  )
  await serveListening(t, {}, file)
  let body
  do ({ body } = await fetchOnce(port))
  while (body === '')
  const { code, text } = { code: 'EADDRINUSE', text: 'listen EADDRINUSE: address already in use' }
  assert.deepEqual(JSON.parse(body), [`${code}${text} :::${port}`, `${code}${text} 127.0.0.1:${port}`])
})

test('Where nobody listens for `fail`, a port that is taken is told on stderr', async t => {
  const stderr = captureStderr(t)
  const { port } = await occupy(t)
  const { file } = writeApp(t, `${PROLOGUE}\n createServer(answer).listen(${port})`)
  const { UpServer } = await import('#lib/server/up-server.js')
  const { createServer } = await import('node:http')
  const srv = new UpServer(createServer(), file, { numWorkers: 1, execArgv: [], listen: { port: 0 } })
  t.after(() => srv.close())
  await until(() => stderr().includes(`cannot listen on all interfaces, port ${port}: the port is taken`))
})
