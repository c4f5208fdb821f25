import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { writeApp } from '../helpers/app.js'
import { serveListening } from '../helpers/listens.js'

interface Seen {
  readonly address: string
  readonly port: number
  readonly family: string
  readonly execArgv: string[]
  readonly variables: string[]
  readonly fields: string[]
}

/** What a process that the app has forked sees of a request, and the port that the client has. */
async function seen(t: TestContext, fork: string): Promise<{ answer: Seen; localPort: number | undefined }> {
  const { file } = writeApp(
    t,
    `import cluster from 'node:cluster'
     import { createServer } from 'node:http'
     if (cluster.isPrimary) { ${fork} }
     else createServer(({ socket, rawHeaders }, res) => res.end(JSON.stringify({
       address: socket.remoteAddress, port: socket.remotePort, family: socket.remoteFamily,
       execArgv: process.execArgv, variables: Object.keys(process.env).filter(name => name.startsWith('UP_')),
       fields: rawHeaders.filter((_, i) => i % 2 === 0)
     }))).listen(3000)`
  )
  const { ports } = await serveListening(t, { numWorkers: 1 }, file)
  const req = request({ port: ports()[0], host: '127.0.0.1', agent: false }).end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  const { localPort } = res.socket
  return { answer: JSON.parse(await text(res)) as Seen, localPort }
}

for (const [name, fork, execArgv] of [
  ['cluster.fork()', 'cluster.fork()', []],
  ['fork() that is imported by name', "const { fork } = await import('node:cluster'); fork()", []],
  [
    'settings of the app',
    "cluster.setupPrimary({ execArgv: ['--no-warnings'] }); cluster.fork()",
    ['--no-warnings']
  ]
] as const) {
  test(`A process that the app forks by node:cluster sees its client, and nothing of ours: ${name}`, async t => {
    const { answer, localPort } = await seen(t, fork)
    const { fields, ...rest } = answer
    assert.deepEqual(rest, {
      address: '::ffff:127.0.0.1',
      port: localPort,
      family: 'IPv6',
      execArgv: [...execArgv],
      variables: []
    })
    assert.deepEqual(
      fields.filter(field => !/^(host|via|x-forwarded-.+)$/i.test(field)),
      []
    )
  })
}
