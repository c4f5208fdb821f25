import { SocketIoTalker } from '../helpers/apps/socket-io-talker.js'
import { prove } from '../helpers/apps/prove.js'

prove('Socket.IO', {
  folder: 'socket.io',
  main: 'app.js',
  visitor: port => new SocketIoTalker(port),
  crowds: port => [{ name: 'sessions', size: 6, stays: true, make: () => new SocketIoTalker(port) }]
})
