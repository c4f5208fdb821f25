// The proxy under test: up.proxy, as a program uses it. Argument: a ProxySetup as JSON.
import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { Socket } from 'node:net'
import up from 'up-server'
import { listen, tellStarted } from '../hop/candidates/serve.js'
import type { FromProxy, ProxySetup, ToProxy } from './protocol.js'

const { target, fastPath, log } = JSON.parse(process.argv[2] ?? '') as ProxySetup
const server = createServer()
const srv = up.proxy(server, [target], {
  fastPath,
  maxHeld: 20_000,
  holdTimeout: '5m',
  closeTimeout: '1s'
})

if (log !== undefined) logRequests(openSync(log, 'a'))
process.on('message', (message: ToProxy) => void answer(message).then(tell))
tellStarted({ port: await listen(server), hop: [process.pid], workers: [], version: up.version }, () =>
  srv.close()
)

async function answer(message: ToProxy): Promise<FromProxy> {
  const { type } = message
  if (type === 'pause') {
    await srv.pause({ holdTimeout: '5m' })
    return { type }
  }
  if (type === 'resume') {
    const began = performance.now()
    await srv.resume()
    return { type, tookMs: performance.now() - began }
  }
  // Twice: what the first finds, the second may free.
  if (message.collect) for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { type, reading: { rss, heap: heapUsed, buffers: arrayBuffers, held: srv.status().held } }
}

/** Notes each head of a request that is given to a connection; which order that is the backend does not see. */
function logRequests(file: number): void {
  const write = Reflect.get(Socket.prototype, 'write')
  const noting = function (this: Socket, ...args: unknown[]): unknown {
    const id =
      typeof args[0] === 'string' ? /^(?:GET|POST) [^]*\r\nX-Id: (\d+)\r\n/.exec(args[0])?.[1] : undefined
    if (id !== undefined) writeSync(file, `${id}\n`)
    return Reflect.apply(write, this, args)
  }
  Reflect.set(Socket.prototype, 'write', noting)
}

function tell(message: FromProxy): void {
  process.send?.(message)
}
