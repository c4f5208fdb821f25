import { prove } from '../helpers/apps/prove.js'

prove('Fastify 5', { folder: 'fastify', main: 'app.js' })
