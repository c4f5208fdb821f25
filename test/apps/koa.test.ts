import { prove } from '../helpers/apps/prove.js'

prove('Koa', { folder: 'koa', main: 'index.js' })
