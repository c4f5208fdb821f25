// A worker of PM2 in cluster mode, as PM2's documentation has it: says that it is ready, and leaves on SIGINT.
import { BACKLOG, createAppServer } from './app-server.js'

let leaving = false
const server = createAppServer(() => leaving)
server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: BACKLOG }, () => {
  process.send?.('ready')
})
process.once('SIGINT', () => {
  leaving = true
  server.close(() => process.exit())
})
