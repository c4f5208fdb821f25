import { createServer } from 'node:http2'

const server = createServer()

server.on('stream', (stream, headers) => {
  stream.on('error', console.error)
  const path = headers[':path']
  stream.respond({ ':status': 200 })
  if (path === '/pid') return stream.end(String(process.pid))
  if (path === '/echo') return stream.pipe(stream)
  if (path !== '/client') return stream.end('Hello over HTTP/2 without TLS')
  const { remoteAddress: address, remotePort: port, remoteFamily: family } = stream.session.socket
  stream.end(JSON.stringify({ address, port, family, headers }))
})
server.listen(process.env.PORT || 8080)
