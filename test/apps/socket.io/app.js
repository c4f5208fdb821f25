import { createServer } from 'node:http'
import { Server } from 'socket.io'

const httpServer = createServer((req, res) => {
  res.end(req.url === '/pid' ? String(process.pid) : 'Hello from Socket.IO')
})
const io = new Server(httpServer)

io.on('connection', socket => {
  const { remotePort: port, remoteFamily: family } = socket.request.socket
  const { address, headers } = socket.handshake
  socket.emit('client', { address, port, family, headers })
  socket.on('echo', (text, answer) => answer(text, process.pid))
})

httpServer.listen(process.env.PORT || 3000)
