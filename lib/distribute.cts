// `require('up-server/distribute')` gives the callable itself, with everything else as its properties.
import type * as api from './distribute.js' with { 'resolution-mode': 'import' }

const { distribute, ...names } = require('./distribute.js') as typeof api
const callable = Object.assign(distribute, names, { distribute, default: distribute })

export = callable
