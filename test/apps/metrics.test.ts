import { prove } from '../helpers/apps/prove.js'

prove('An app with a second port', {
  folder: 'metrics',
  main: 'app.js',
  secondPort: 'METRICS_PORT'
})
