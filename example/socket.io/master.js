// The master: serves the app with sticky clients, reloads it on SIGUSR2, and passes what is said in one
// worker to all.
import { createServer } from 'node:http'
import up from 'up-server'

const server = createServer()
const srv = up(server, `${import.meta.dirname}/server.js`, {
  numWorkers: 4,
  // A session lives in one worker: without this, polling meets workers that do not know it. A client that
  // is between two polls may be quiet for so long before it loses a retired worker.
  balance: { policy: 'sticky', linger: '5s' },
  // Each polling client has a connection to its worker for itself.
  maxConnections: 10_000,
  // After a reload, sessions stay with the old code for an hour at most.
  workerTimeout: '1h'
})

// `srv.workers` are those that get new clients; retired ones have sessions, too.
const workers = new Set()

srv.on('spawn', worker => {
  console.log(`worker ${worker.pid} is ready`)
  workers.add(worker)
  worker.proc.on('message', message => {
    if (typeof message.chat !== 'string') return
    for (const { proc } of workers) if (proc.connected) proc.send(message)
  })
})
srv.on('reload', ({ generation }) => console.log(`generation ${generation} serves`))
srv.on('terminate', worker => {
  workers.delete(worker)
  console.log(`worker ${worker.pid} is gone`)
})
srv.on('fail', error => console.error(error.message))

process.on('SIGUSR2', () => srv.reload())
process.once('SIGTERM', () => srv.close())

server.listen({ port: Number(process.env.PORT ?? 3000), backlog: 4096 }, () => {
  console.log(`listening on http://localhost:${server.address().port}, pid ${process.pid}`)
})
