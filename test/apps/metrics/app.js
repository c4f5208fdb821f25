import { once } from 'node:events'
import { createServer } from 'node:http'

let served = 0

const app = createServer((req, res) => {
  served++
  if (req.url === '/pid') return res.end(String(process.pid))
  if (req.url === '/echo') return req.pipe(res)
  if (req.url !== '/client') return res.end('Hello, counted')
  const { remoteAddress: address, remotePort: port, remoteFamily: family } = req.socket
  res.end(JSON.stringify({ address, port, family, headers: req.headers }))
})

const metrics = createServer((req, res) => {
  if (req.url === '/metrics') return res.end(`requests_total ${served}\n`)
  if (req.url === '/pid') return res.end(String(process.pid))
  if (req.url === '/echo') return req.pipe(res)
  if (req.url !== '/client') return res.end('See /metrics\n')
  const { remoteAddress: address, remotePort: port, remoteFamily: family } = req.socket
  res.end(JSON.stringify({ address, port, family, headers: req.headers }))
})

await once(app.listen(process.env.PORT || 3000), 'listening')
await once(metrics.listen(process.env.METRICS_PORT || 9090, '127.0.0.1'), 'listening')
console.log('app on', app.address(), 'metrics on', metrics.address())
