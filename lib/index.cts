// `require('up-server')` gives the callable itself, with everything else as its properties.
import type * as api from './index.js' with { 'resolution-mode': 'import' }

const { up, ...names } = require('./index.js') as typeof api
const callable = Object.assign(up, names, { up, default: up })

export = callable
