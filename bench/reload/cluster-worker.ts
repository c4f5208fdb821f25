import cluster from 'node:cluster'
import { BACKLOG, createAppServer } from './app-server.js'

// Port 0 is the same free port for all workers of a cluster.
createAppServer(() => cluster.worker?.exitedAfterDisconnect === true).listen({
  port: 0,
  host: '127.0.0.1',
  backlog: BACKLOG
})
