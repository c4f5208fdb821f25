import { Http2Talker } from '../helpers/apps/http2-talker.js'
import { prove } from '../helpers/apps/prove.js'

prove('An HTTP/2 server without TLS', {
  folder: 'h2c',
  main: 'app.js',
  visitor: port => new Http2Talker(port, false),
  crowds: port => [{ name: 'HTTP/2', size: 4, make: () => new Http2Talker(port, false) }]
})
