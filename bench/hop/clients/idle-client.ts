// Connections that each send one request and are silent from then on. Arguments: the port; how many.
import { connect, type Socket } from 'node:net'
import { serveClient } from './serve-client.js'

const [port = 0, wanted = 0] = process.argv.slice(2).map(Number)
/** So many connect at once. */
const AT_ONCE = 100
/** An address has some 28,000 ports by default, of which others are used or waiting. */
const PER_ADDRESS = 5000
const PATIENCE_MS = 10_000

const open = new Set<Socket>()
for (let i = 0; i < wanted; i += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted - i) }, (_, j) => add(i + j)))
}
serveClient(open.size, async () => ({ done: open.size, failed: wanted - open.size, connections: open.size }))

/** Resolves when the answer has come, or the connection failed. */
function add(index: number): Promise<void> {
  return new Promise(resolve => {
    const localAddress = `127.0.0.${1 + Math.floor(index / PER_ADDRESS)}`
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    socket
      .setTimeout(PATIENCE_MS, () => socket.destroy())
      .on('error', () => {})
      .once('data', () => {
        socket.setTimeout(0)
        open.add(socket)
        resolve()
      })
      .on('end', () => socket.destroy())
      .on('close', () => {
        open.delete(socket)
        resolve()
      })
    socket.write('GET / HTTP/1.1\r\nHost: bench.test\r\n\r\n')
  })
}
