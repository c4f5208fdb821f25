import { HttpTalker } from '../helpers/apps/http-talker.js'
import { prove } from '../helpers/apps/prove.js'

// node:cluster closes connections that are kept alive, also without us: so here each request has its own.
prove('An app that forks by node:cluster', {
  folder: 'cluster',
  main: 'app.js',
  crowds: port => [
    { name: 'a connection each', size: 6, make: () => new HttpTalker({ port, keepAlive: false }) }
  ]
})
