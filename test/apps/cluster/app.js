const cluster = require('node:cluster')
const { createServer } = require('node:http')

if (cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork()
  cluster.on('exit', (worker, code, signal) => {
    if (!worker.exitedAfterDisconnect) console.error(`${worker.process.pid} died: ${signal ?? code}`)
  })
  process.on('SIGTERM', () => cluster.disconnect(() => process.exit()))
} else {
  createServer((req, res) => {
    if (req.url === '/pid') return res.end(String(process.pid))
    if (req.url === '/echo') return req.pipe(res)
    if (req.url !== '/client') return res.end('Hello from a cluster')
    const { remoteAddress: address, remotePort: port, remoteFamily: family } = req.socket
    res.end(JSON.stringify({ address, port, family, headers: req.headers }))
  }).listen(process.env.PORT || 3000)
  // Its primary decides when it ends.
  process.on('SIGTERM', () => {})
}
