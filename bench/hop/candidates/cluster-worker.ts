import server from '../app.js'
import { listen } from './serve.js'

// Port 0 is the same free port for all workers of a cluster.
await listen(server)
