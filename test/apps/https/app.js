import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const key = readFileSync(process.env.TLS_KEY)
const cert = readFileSync(process.env.TLS_CERT)

createServer({ key, cert }, (req, res) => {
  if (req.url === '/pid') return res.end(String(process.pid))
  if (req.url === '/echo') return req.pipe(res)
  if (req.url !== '/client') return res.end('Hello over TLS')
  const { remoteAddress: address, remotePort: port, remoteFamily: family, encrypted } = req.socket
  res.end(JSON.stringify({ address, port, family, encrypted, headers: req.headers }))
}).listen({ port: process.env.HTTPS_PORT, host: '0.0.0.0' })
