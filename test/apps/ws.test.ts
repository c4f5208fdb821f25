import { prove } from '../helpers/apps/prove.js'
import { WebSocketTalker } from '../helpers/apps/web-socket-talker.js'

prove('ws', {
  folder: 'ws',
  main: 'app.js',
  portVariable: 'WS_PORT',
  visitor: port => new WebSocketTalker(port),
  crowds: port => [{ name: 'WebSockets', size: 6, stays: true, make: () => new WebSocketTalker(port) }]
})
