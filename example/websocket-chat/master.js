// The master: serves the app, reloads it on SIGUSR2, and passes what is said in one worker to all.
import { createServer } from 'node:http'
import up from 'up-server'

const server = createServer()
// After a reload, chats stay with the old code for an hour at most.
const srv = up(server, `${import.meta.dirname}/server.js`, { numWorkers: 2, workerTimeout: '1h' })

// `srv.workers` are those that get new chats; retired ones have open chats, too.
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
srv.on('retire', ({ pid, upgrades }) => console.log(`worker ${pid} retires, with ${upgrades} open chats`))
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
