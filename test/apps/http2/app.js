const { readFileSync } = require('node:fs')
const { createSecureServer } = require('node:http2')

const key = readFileSync(process.env.TLS_KEY)
const cert = readFileSync(process.env.TLS_CERT)
const server = createSecureServer({ key, cert, allowHTTP1: true })

server.on('request', (req, res) => {
  if (req.url === '/pid') return res.end(String(process.pid))
  if (req.url === '/echo') return req.pipe(res)
  if (req.url !== '/client') return res.end('Hello over HTTP/2')
  const { remoteAddress: address, remotePort: port, remoteFamily: family } = req.socket
  res.end(JSON.stringify({ address, port, family, version: req.httpVersion, headers: req.headers }))
})
server.listen(process.env.HTTPS_PORT || 8443)
