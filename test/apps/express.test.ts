import { prove } from '../helpers/apps/prove.js'

prove('Express 5', { folder: 'express', main: 'app.js' })
