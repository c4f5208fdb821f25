import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { answerTo } from '../../bench/reload/app.js'
import { IdleConnection } from '../../bench/reload/idle-connection.js'
import { until } from '../helpers/wait.js'

/** A server that does this with each connection, and a connection to it. */
async function openTo(t: TestContext, serve: (socket: Socket) => void): Promise<IdleConnection> {
  const server = createServer(socket => serve(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = await IdleConnection.open((server.address() as AddressInfo).port, '127.0.0.2')
  t.after(() => {
    connection.close()
    server.close()
  })
  return connection
}

function answer(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}

test('an idle connection of the bench is of use as often as it is answered', async t => {
  const connection = await openTo(t, socket => {
    socket.on('data', head => {
      const path = / (\S+) /.exec(head.toString('latin1'))?.[1] ?? ''
      // In two pieces.
      socket.write(answer(answerTo(path)).slice(0, 30))
      setImmediate(() => socket.write(answer(answerTo(path)).slice(30)))
    })
  })
  assert.equal(await connection.use('/1'), undefined)
  assert.equal(await connection.use('/2'), undefined)
  assert.equal(connection.end, undefined)
})

test('an idle connection that the server closes, or writes to unasked, is of no use any more', async t => {
  const closed = await openTo(t, socket => socket.end())
  const told = await openTo(t, socket => void socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n'))
  await until(() => closed.end !== undefined && told.end !== undefined)
  assert.equal(closed.end, 'closed')
  assert.match(told.end ?? '', /^got "HTTP\/1.1 408 /)
  assert.equal(await closed.use('/'), 'closed')
})

test('an idle connection has failed by a wrong answer, another status, or a connection that breaks', async t => {
  const cases: [string | undefined, RegExp][] = [
    [answer(answerTo('/other')), /another answer than expected/],
    [answer(answerTo('/')).replace('200', '503'), /status 503/],
    [answer(answerTo('/')) + answer('more'), /another answer than expected/],
    [undefined, /the connection broke/]
  ]
  for (const [bytes, failure] of cases) {
    const connection = await openTo(t, socket => {
      socket.on('data', () => (bytes === undefined ? socket.destroy() : socket.write(bytes)))
    })
    assert.match((await connection.use('/')) ?? '', failure)
    assert.notEqual(connection.end, undefined)
  }
})

test('an idle connection that is closed as its answer announces was of use once', async t => {
  const connection = await openTo(t, socket => {
    socket.on('data', () => socket.end(answer(answerTo('/'), 'Connection: close\r\n')))
  })
  assert.equal(await connection.use('/'), undefined)
  assert.equal(connection.end, 'closed as announced')
})
