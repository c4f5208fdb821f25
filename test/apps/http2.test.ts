import { httpCrowds } from '../helpers/apps/http-crowds.js'
import { Http2Talker } from '../helpers/apps/http2-talker.js'
import { prove } from '../helpers/apps/prove.js'
import { TLS } from '../helpers/apps/tls.js'

prove('An HTTP/2 server that speaks HTTP/1.1 as well', {
  folder: 'http2',
  main: 'app.js',
  portVariable: 'HTTPS_PORT',
  env: () => TLS,
  visitor: port => new Http2Talker(port, true),
  crowds: port => [
    { name: 'HTTP/2', size: 4, make: () => new Http2Talker(port, true) },
    ...httpCrowds(port, { secure: true })
  ]
})
