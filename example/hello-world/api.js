// The same app, served by a program of your own instead of the command `up`.
import { createServer } from 'node:http'
import up from 'up-server'

const server = createServer()
const srv = up(server, `${import.meta.dirname}/server.js`, { numWorkers: 2, workerTimeout: '1m' })

srv.on('spawn', worker => console.log(`worker ${worker.pid} is ready (generation ${worker.generation})`))
srv.on('reload', ({ generation }) => console.log(`generation ${generation} serves`))
srv.on('terminate', worker => console.log(`worker ${worker.pid} is gone`))
srv.on('fail', error => console.error(error.code, error.message))

process.on('SIGUSR2', () => srv.reload())
process.once('SIGTERM', () => srv.close())

server.listen({ port: Number(process.env.PORT ?? 3000), backlog: 4096 }, () => {
  console.log(`listening on http://localhost:${server.address().port}, pid ${process.pid}`)
})
