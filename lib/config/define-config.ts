import type { UpOptions } from '../options/options.js'
import type { ProxyOptions } from '../options/proxy-options.js'
import type { UpstreamTarget } from '../options/upstream.js'

/** What a configuration file says of the master itself; paths are relative to the working directory. */
export interface MasterConfig {
  /** Port to listen on; 0 is any free one. */
  port?: number | string
  /** Address to listen on. Default: all interfaces. */
  host?: string
  /** File with a certificate (PEM), for HTTPS. Needs `tlsKey`. */
  tlsCert?: string
  /** File with its private key (PEM). */
  tlsKey?: string
  /** File for the master's pid. */
  pidFile?: string
  /** What `up status` and the like call it. Default: the app's name. */
  name?: string
  /** Path of the control socket; `false`: none. Default: by name. */
  control?: string | false
  /** The live page and the control API by HTTP: a port of 127.0.0.1, or such as `'[::1]:9000'`. Default: none. */
  admin?: number | string
  /** What clients of `admin` must know. Default: nothing. */
  adminToken?: string
  /** What the lines of up and of the workers look like. Default: `'pretty'` on a terminal, else `'json'`. */
  logFormat?: 'pretty' | 'json' | 'raw'
  /** A file with a line for each request; `'-'` is stdout. Default: none. */
  accessFile?: string
  /** What that looks like. Default: `'dev'` on a terminal, else `'json'`. */
  accessFormat?: 'json' | 'combined' | 'dev'
}

/** Options that the command sets itself, by settings of other names. */
type NotInFiles = 'listen' | 'execArgv' | 'accessLog' | 'output'

/** What a configuration file may say of `up [file]`: most options of {@link UpOptions}, and those of the command. */
export interface AppConfig extends MasterConfig, Omit<UpOptions, NotInFiles> {
  /** The module to run. Default: what npm start runs. */
  file?: string
  /** Reload when files below the working directory change. */
  watch?: boolean
  /** More extensions to watch, such as `html`. */
  extensions?: string | readonly string[]
  /** Files with the environment of the workers, as of `node --env-file`. */
  envFiles?: string | readonly string[]
  /** The same, but they may be missing. */
  optionalEnvFiles?: string | readonly string[]
  /** Arguments of `node` for the workers, added to the master's own. */
  nodeArgs?: readonly string[]
}

/** What a configuration file may say of `up proxy`: the options of {@link ProxyOptions}, and those of the command. */
export interface ProxyConfig extends MasterConfig, Omit<ProxyOptions, NotInFiles> {
  /** The servers to forward to, unless the command line names some. */
  upstreams?: readonly UpstreamTarget[]
  /** `process.title` becomes `<title> proxy`. */
  title?: string
}

/** A configuration file: of `up`, and below `proxy` of `up proxy`. */
export interface UpConfig extends AppConfig {
  proxy?: ProxyConfig
}

/** What a function in a configuration file is told. */
export interface ConfigContext {
  /** The environment of the command. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export type ConfigFunction = (context: ConfigContext) => UpConfig | Promise<UpConfig>

/** Gives back what it is given: for the default export of `up.config.ts`, so that editors and compilers know its type. */
export function defineConfig<Config extends UpConfig | ConfigFunction>(config: Config): Config {
  return config
}
