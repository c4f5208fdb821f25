// The app alone, in one process: no hop.
import server from '../app.js'
import { listen, tellStarted } from './serve.js'

const port = await listen(server)
tellStarted({ port, hop: [], workers: [process.pid], version: process.version }, async () => {})
