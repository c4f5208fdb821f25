import cluster from 'node:cluster'
import { syncBuiltinESMExports } from 'node:module'
import { FIELD_VARIABLE } from './cluster-field.js'

const PRELOADED = new URL('./cluster-process.js', import.meta.url).href

/**
 * Has the processes that the app forks by node:cluster see clients as this one does: what the master forwards here
 * goes on to them, unread.
 *
 * @param field the name of the field that tells the client, in lower case
 */
export function showClientsInCluster(field: string): void {
  const { fork } = cluster
  cluster.fork = env => {
    const execArgv = cluster.settings.execArgv ?? process.execArgv
    // For the time of this call: what the app set is what the app finds.
    cluster.settings.execArgv = [...execArgv, '--import', PRELOADED]
    try {
      return fork.call(cluster, { ...(env as object), [FIELD_VARIABLE]: field })
    } finally {
      cluster.settings.execArgv = execArgv
    }
  }
  syncBuiltinESMExports()
}
