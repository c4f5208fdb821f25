// WebSockets whose messages are echoed. Arguments: the port; how many.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { serveClient } from './serve-client.js'

const [port = 0, wanted = 0] = process.argv.slice(2).map(Number)
const MESSAGE = 'a message of thirty-two bytes...'
/** So many connect at once. */
const AT_ONCE = 50
/** The last messages may take so long to come back. */
const PATIENCE_MS = 10_000

const sockets: WebSocket[] = []
while (sockets.length < wanted) {
  const some = Array.from({ length: Math.min(AT_ONCE, wanted - sockets.length) }, open)
  sockets.push(...(await Promise.all(some)))
}
serveClient(sockets.length, run)

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false })
  await once(socket, 'open')
  socket.on('error', () => {})
  return socket
}

/** Until the time is over and all messages are back. Those that are not, or are not the same, have failed. */
function run(seconds: number): Promise<{ done: number; failed: number; connections: number }> {
  return new Promise(resolve => {
    const end = performance.now() + seconds * 1000
    let [done, failed] = [0, 0]
    let pending = sockets.length
    const isOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN
    const finish = (): void => {
      clearTimeout(timer)
      for (const socket of sockets) socket.removeAllListeners('message').removeAllListeners('close')
      resolve({ done, failed: failed + pending, connections: sockets.filter(isOpen).length })
    }
    const timer = setTimeout(finish, seconds * 1000 + PATIENCE_MS)
    const settle = (): void => {
      if (--pending === 0) finish()
    }
    for (const socket of sockets) {
      socket.on('message', (data: Buffer) => {
        if (data.toString('latin1') === MESSAGE) done++
        else failed++
        if (performance.now() < end) socket.send(MESSAGE)
        else settle()
      })
      socket.once('close', () => {
        failed++
        settle()
      })
      if (isOpen(socket)) {
        socket.send(MESSAGE)
      } else {
        failed++
        settle()
      }
    }
  })
}
