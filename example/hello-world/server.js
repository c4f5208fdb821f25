// The app: a plain Node http server that does not listen by itself. `up` gives each worker its address.
import { createServer } from 'node:http'

export default createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain')
  res.end(`Hello from worker ${process.pid}\n`)
})
