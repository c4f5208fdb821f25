import { isDeepStrictEqual } from 'node:util'
import { ConfigFile, type LoadedConfig } from '../config/config-file.js'
import type { Layer } from '../config/precedence.js'
import type { CliOptions, CliProxyOptions } from './options.js'
import type { CommandLine, ProxyLine } from './parse.js'
import { settleApp, type Surroundings } from './settle-app.js'
import { accept, type Settled } from './settle-master.js'
import { settleProxy } from './settle-proxy.js'

/** What a reload has found. */
export interface Renewed<Options> {
  readonly options: Options
  /** The names of the settings that are other ones now than at the start. */
  readonly changed: readonly string[]
}

type Read<Options> = () => Promise<Settled<Options>>

/** What a command is to do, by all that says so; each reload asks again. */
export class Configured<Options> {
  readonly options: Options
  readonly #read: Read<Options>
  readonly #settings: Layer

  /** @throws {UpError} `UP_ERR_OPTION`, `UP_ERR_USAGE`, `UP_ERR_CONFIG`: something is wrong with what was said */
  static async by<Options>(read: Read<Options>): Promise<Configured<Options>> {
    return new Configured(read, await read())
  }

  private constructor(read: Read<Options>, settled: Settled<Options>) {
    this.options = accept(settled)
    this.#read = read
    this.#settings = settled.settings
  }

  /** @throws {UpError} as {@link by} */
  async renew(): Promise<Renewed<Options>> {
    const settled = await this.#read()
    const options = accept(settled)
    const names = new Set([...this.#settings.keys(), ...settled.settings.keys()])
    const isOther = (name: string): boolean =>
      !isDeepStrictEqual(this.#settings.get(name)?.value, settled.settings.get(name)?.value)
    return { options, changed: [...names].filter(isOther) }
  }
}

/** What `up [file]` is to do. Rejects as {@link Configured.by}. */
export function configuredApp(line: CommandLine, around: Surroundings): Promise<Configured<CliOptions>> {
  return Configured.by(withFile(line.config, around, config => settleApp(line, around, config)))
}

/** What `up proxy` is to do. Rejects as {@link Configured.by}. */
export function configuredProxy(line: ProxyLine, around: Surroundings): Promise<Configured<CliProxyOptions>> {
  return Configured.by(withFile(line.config, around, config => settleProxy(line, around, config)))
}

function withFile<Options>(
  wanted: string | false | undefined,
  around: Surroundings,
  settle: (config: LoadedConfig | undefined) => Settled<Options>
): Read<Options> {
  const file = new ConfigFile(around.cwd, wanted)
  return async () => settle(await file.read(around))
}
