import type { UpOptions } from '../options/options.js'
import { UpServer } from '../server/up-server.js'
import type { Renewed } from './configured-app.js'
import type { MasterParts } from './master.js'

interface AppServerParts {
  readonly up: UpOptions
  /** Options that the command itself has set. */
  readonly own: UpOptions
  /** Tells what the options are to be now. */
  readonly renew: () => Promise<Renewed>
}

/** An UpServer whose options come from a command line and a configuration file, which each reload reads anew. */
export class AppServer extends UpServer {
  #notApplied: readonly string[] = []

  constructor(server: MasterParts['server'], file: string, { up, own, renew }: AppServerParts) {
    super(server, file, { ...up, ...own })
    this.live.renew = async () => {
      const { up: next, needRestart } = await renew()
      const { notApplied, undo } = this.live.change({ ...next, ...own })
      this.#notApplied = [...needRestart, ...notApplied]
      return undo
    }
  }

  /** Settings that were other ones at the last reload than at the start, and that only a restart can apply. */
  get notApplied(): readonly string[] {
    return this.#notApplied
  }
}
