import { createServer } from 'node:http'
import app from './app.js'

// Port 0 is the same free port for all workers of a cluster.
createServer(app).listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
