const { WebSocketServer } = require('ws')

const server = new WebSocketServer({ port: process.env.WS_PORT || 8080 })

server.on('connection', (socket, req) => {
  const { remoteAddress: address, remotePort: port, remoteFamily: family } = req.socket
  socket.on('error', console.error)
  socket.send(JSON.stringify({ address, port, family, headers: req.headers }))
  socket.on('message', data => socket.send(JSON.stringify({ text: data.toString(), pid: process.pid })))
})
server.on('listening', () => console.log('listening', server.address()))
