import type { UpOptions } from '../options/options.js'

/** What the command line and the environment ask for: complete and checked. */
export interface CliOptions {
  /** The user's module, as it was given. */
  readonly file: string
  /** 0 is any free port. */
  readonly port: number
  /** undefined: all interfaces. */
  readonly host: string | undefined
  readonly watch: boolean
  /** Extensions to watch besides the usual ones, without the dot. */
  readonly extensions: readonly string[]
  readonly pidFile: string | undefined
  readonly tls: TlsFiles | undefined
  /** The options of the UpServer. */
  readonly up: UpOptions
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}
