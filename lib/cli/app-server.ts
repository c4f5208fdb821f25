import type { UpOptions } from '../options/options.js'
import { UP_OPTIONS } from '../options/resolve-options.js'
import { UpServer } from '../server/up-server.js'
import type { Configured } from './configured.js'
import type { MasterParts } from './master.js'
import type { CliOptions } from './options.js'

/** No options, but settings that a reload applies: part of the arguments of node, which the next workers get. */
const OF_WORKERS = ['envFiles', 'optionalEnvFiles', 'nodeArgs']

/** An UpServer whose options come from a command line and a configuration file, which each reload reads anew. */
export class AppServer extends UpServer {
  #notApplied: readonly string[] = []

  /** @param own options that the command itself has set */
  constructor(
    server: MasterParts['server'],
    file: string,
    configured: Configured<CliOptions>,
    own: UpOptions
  ) {
    super(server, file, { ...configured.options.up, ...own })
    this.live.renew = async () => {
      const { options, changed } = await configured.renew()
      const { notApplied, undo } = this.live.change({ ...options.up, ...own })
      this.#notApplied = [...changed.filter(isOfCommand), ...notApplied]
      return undo
    }
  }

  /** Settings that were other ones at the last reload than at the start, and that only a restart can apply. */
  get notApplied(): readonly string[] {
    return this.#notApplied
  }
}

function isOfCommand(name: string): boolean {
  return name !== 'proxy' && !Object.hasOwn(UP_OPTIONS, name) && !OF_WORKERS.includes(name)
}
