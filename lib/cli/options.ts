import type { AdminOptions } from '../admin/admin-server.js'
import type { AccessFormat } from '../logs/access-writer.js'
import type { LogFormat } from '../logs/log-format.js'
import type { UpOptions } from '../options/options.js'
import type { ProxyOptions } from '../options/proxy-options.js'
import type { UpstreamTarget } from '../options/upstream.js'

/** What every command's master needs to know: complete and checked. */
export interface MasterOptions {
  /** 0 is any free port. */
  readonly port: number
  /** Whether the command line named the port: then it is not the app's to choose. */
  readonly portGiven: boolean
  /** undefined: all interfaces. */
  readonly host: string | undefined
  readonly pidFile: string | undefined
  readonly tls: TlsFiles | undefined
  readonly control: ControlOptions
  /** undefined: no admin server. */
  readonly admin: AdminOptions | undefined
  readonly logs: LogOptions
}

/** What is written of what happens, and how. */
export interface LogOptions {
  /** undefined: as is usual for where it goes; so of the other. */
  readonly format: LogFormat | undefined
  /** A path, `-` for stdout; undefined: there is no access log. */
  readonly accessFile: string | undefined
  readonly accessFormat: AccessFormat | undefined
}

/** Where the control socket is. */
export interface ControlOptions {
  /** Its path; false: there is none; undefined: by name. */
  readonly control: string | false | undefined
  /** undefined: as the app. */
  readonly name: string | undefined
  /** Where sockets are by name. */
  readonly folder: string
}

/** What the command line and the environment ask `up [file]` for: complete and checked. */
export interface CliOptions extends MasterOptions {
  /** The user's module, as it was given. */
  readonly file: string
  /** Where it was found, when none was given. */
  readonly foundIn: string | undefined
  /** What the command that was found sets in the environment. */
  readonly env: Readonly<Record<string, string>>
  /** Paths of the files with the workers' environment. */
  readonly envFiles: readonly string[]
  readonly watch: boolean
  /** Extensions to watch besides the usual ones, without the dot. */
  readonly extensions: readonly string[]
  /** The options of the UpServer. */
  readonly up: UpOptions
}

/** What the command line and the environment ask `up proxy <upstream...>` for: complete and checked. */
export interface CliProxyOptions extends MasterOptions {
  /** As they were given. */
  readonly upstreams: readonly UpstreamTarget[]
  readonly title: string | undefined
  /** The options of the ProxyServer. */
  readonly proxy: ProxyOptions
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}
