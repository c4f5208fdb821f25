// Loaded before the app in processes that it forks by node:cluster: see cluster-clients.
import { showClients } from './client-address.js'
import { FIELD_VARIABLE } from './cluster-field.js'
import { keepConnections } from './keep-connections.js'

const field = process.env[FIELD_VARIABLE]
// The app, and what it starts in turn, should see what it would without us.
Reflect.deleteProperty(process.env, FIELD_VARIABLE)
process.execArgv.splice(process.execArgv.lastIndexOf('--import'), 2)

// Whether the master forwards to these servers shows when it does: clients may also come to them directly.
if (field !== undefined) showClients(field, keepConnections)
