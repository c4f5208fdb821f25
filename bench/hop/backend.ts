// One of the two processes behind the candidates that forward.
import { once } from 'node:events'
import server from './app.js'
import { BACKLOG, readSetup, tellStarted } from './candidates/serve.js'

server.listen({ path: readSetup().sockets[0], backlog: BACKLOG })
await once(server, 'listening')
tellStarted({ port: 0, hop: [], workers: [process.pid], version: undefined }, async () => {})
