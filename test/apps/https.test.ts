import { httpCrowds } from '../helpers/apps/http-crowds.js'
import { HttpTalker } from '../helpers/apps/http-talker.js'
import { prove } from '../helpers/apps/prove.js'
import { TLS } from '../helpers/apps/tls.js'

prove('An https server', {
  folder: 'https',
  main: 'app.js',
  portVariable: 'HTTPS_PORT',
  env: () => TLS,
  visitor: port => new HttpTalker({ port, secure: true }),
  crowds: port => httpCrowds(port, { secure: true })
})
