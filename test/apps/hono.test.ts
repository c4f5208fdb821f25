import { prove } from '../helpers/apps/prove.js'

prove('Hono', { folder: 'hono', main: 'app.js' })
