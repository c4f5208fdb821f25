import { isDeepStrictEqual } from 'node:util'
import { ConfigFile } from '../config/config-file.js'
import type { Layer } from '../config/precedence.js'
import type { UpOptions } from '../options/options.js'
import { UP_OPTIONS } from '../options/resolve-options.js'
import type { CliOptions } from './options.js'
import type { CommandLine } from './parse.js'
import { settleApp, type Surroundings } from './settle-app.js'
import { accept } from './settle-master.js'

/** What a reload has found. */
export interface Renewed {
  readonly up: UpOptions
  /** Settings of the command itself that are other ones now, and that only a restart can apply. */
  readonly needRestart: readonly string[]
}

/** Part of the arguments of node, which the next workers get. */
const OF_WORKERS = ['envFiles', 'optionalEnvFiles', 'nodeArgs']

/** What `up [file]` is to do, by all that says so; each reload asks again. */
export class ConfiguredApp {
  readonly options: CliOptions
  readonly #line: CommandLine
  readonly #around: Surroundings
  readonly #file: ConfigFile
  readonly #settings: Layer

  /**
   * Reads the configuration file, if there is one.
   *
   * @throws {UpError} `UP_ERR_OPTION`, `UP_ERR_USAGE`, `UP_ERR_CONFIG`: something is wrong with what was said
   */
  static async read(line: CommandLine, around: Surroundings): Promise<ConfiguredApp> {
    const file = new ConfigFile(around.cwd, line.config)
    const settled = settleApp(line, around, await file.read(around))
    return new ConfiguredApp(line, around, file, accept(settled), settled.settings)
  }

  private constructor(
    line: CommandLine,
    around: Surroundings,
    file: ConfigFile,
    options: CliOptions,
    settings: Layer
  ) {
    this.#line = line
    this.#around = around
    this.#file = file
    this.options = options
    this.#settings = settings
  }

  /** @throws {UpError} as {@link read} */
  async renew(): Promise<Renewed> {
    const settled = settleApp(this.#line, this.#around, await this.#file.read(this.#around))
    return { up: accept(settled).up, needRestart: this.#needRestart(settled.settings) }
  }

  #needRestart(next: Layer): string[] {
    const names = new Set([...this.#settings.keys(), ...next.keys()])
    const own = [...names].filter(name => !Object.hasOwn(UP_OPTIONS, name) && !OF_WORKERS.includes(name))
    const isOther = (name: string): boolean =>
      !isDeepStrictEqual(this.#settings.get(name)?.value, next.get(name)?.value)
    return own.filter(name => name !== 'proxy' && isOther(name))
  }
}
