// The master under test: up, as a program uses it. Arguments: the number of workers; the strategy.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import up, { type Strategy } from 'up-server'
import { serveBench } from './serve-bench.js'

const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
const srv = up(server, fileURLToPath(new URL('./app.js', import.meta.url)), {
  numWorkers: Number(process.argv[2]),
  strategy: process.argv[3] as Strategy
})
srv.on('fail', error => console.error(error))
await once(server, 'listening')
while (srv.workers.length < srv.numWorkers)
  await new Promise<void>(resolve => srv.once('spawn', () => resolve()))

serveBench({
  port: (server.address() as AddressInfo).port,
  countWorkers: () => srv.status().workers.length,
  reload: async () => {
    await srv.reload()
  },
  stop: () => srv.close()
})
