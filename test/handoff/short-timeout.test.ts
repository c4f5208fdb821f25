import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { serve, writeApp } from '../helpers/app.js'
import { until } from '../helpers/wait.js'

const CONNECTIONS = 300

for (const workerTimeout of [0, 1]) {
  test(`With workerTimeout ${workerTimeout} idle connections move all the same`, async t => {
    const { file } = writeApp(t, `export default (req, res) => res.end('from ' + process.pid + '.')\n`)
    const { srv, port } = await serve(t, file, { numWorkers: 1, transport: 'handoff', workerTimeout })
    const sockets = await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const socket = connect(port, '127.0.0.1')
        t.after(() => socket.destroy())
        socket.on('error', () => {})
        await once(socket, 'connect')
        return socket
      })
    )
    const [old] = srv.workers
    const first = await Promise.all(sockets.map(ask))
    assert.deepEqual(new Set(first), new Set([String(old?.pid)]))
    await srv.reload()
    await until(() => old?.readyState === 'terminated')
    const [next] = srv.workers
    const second = await Promise.all(sockets.map(ask))
    assert.deepEqual(new Set(second), new Set([String(next?.pid)]))
  })
}

/** The pid of who answers; undefined if nobody does. */
async function ask(socket: Socket): Promise<string | undefined> {
  let answer = ''
  const done = new Promise<void>(resolve => {
    socket.once('close', () => resolve())
    socket.on('data', piece => {
      answer += String(piece)
      if (answer.endsWith('.')) resolve()
    })
  })
  if (!socket.destroyed) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  else return undefined
  await done
  socket.removeAllListeners('data')
  return /from (\d+)\.$/.exec(answer)?.[1]
}
