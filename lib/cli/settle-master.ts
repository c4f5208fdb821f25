import type { AdminAddress } from '../admin/admin-address.js'
import { assertGuarded, type AdminOptions } from '../admin/admin-server.js'
import type { Layer } from '../config/precedence.js'
import type { UpError } from '../errors.js'
import { controlFolder } from '../instances/control-folder.js'
import type { MasterSettings } from './common-flags.js'
import { asPort } from './flag-values.js'
import type { MasterOptions, TlsFiles } from './options.js'

type Environment = Readonly<Record<string, string | undefined>>

export const DEFAULT_PORT = 3000
const PORT = 'env PORT'

/** What a command comes to, with everything that it has been told. */
export interface Settled<Options> {
  /** undefined: something is wrong. */
  readonly options: Options | undefined
  /** What was said, by whatever counts. */
  readonly settings: Layer
  readonly problems: readonly UpError[]
}

/** @throws {UpError} the first of what is wrong */
export function accept<Options>({ options, problems: [first] }: Settled<Options>): Options {
  if (options !== undefined) return options
  throw first ?? new Error('nothing is settled, and nothing is wrong')
}

/**
 * The options of every master.
 *
 * @param settings with the port: see {@link withPort}
 * @param portGiven whether the port is for up to say, and not for the app
 */
export function masterOptions(settings: Layer, env: Environment, portGiven: boolean): MasterOptions {
  const { port, host, pidFile, tlsCert, tlsKey, name, control, ...others } =
    valuesOf<MasterSettings>(settings)
  const { admin, adminToken, logFormat, accessFile, accessFormat } = others
  return {
    port: port ?? DEFAULT_PORT,
    portGiven,
    host,
    pidFile,
    tls: tlsFiles(tlsCert, tlsKey),
    control: { control, name, folder: controlFolder(env) },
    admin: admin && adminOptions(admin, adminToken),
    logs: { format: logFormat, accessFile, accessFormat }
  }
}

/** The settings, with the port of env PORT, which counts more than that of a file, and less than one that is for up. */
export function withPort(settings: Layer, env: Environment): Layer {
  const text = env['PORT']
  const given = settings.get('port')
  // An empty PORT is what `PORT= up` and an unset variable in a compose file give.
  if (text === undefined || text === '' || (given !== undefined && given.from.kind !== 'file'))
    return settings
  const from = { kind: 'environment', place: PORT, name: PORT } as const
  return new Map(settings).set('port', { value: asPort(PORT, text), from })
}

/** Settings whose values have been checked. */
export function valuesOf<Settings>(settings: Layer): Partial<Settings> {
  return Object.fromEntries([...settings].map(([name, { value }]) => [name, value])) as Partial<Settings>
}

/** @throws {OptionError} `UP_ERR_OPTION`: others than this machine could connect, and there is no token */
function adminOptions(address: AdminAddress, token: string | undefined): AdminOptions {
  const options = { address, token }
  assertGuarded(options)
  return options
}

/** Neither is given without the other. */
function tlsFiles(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  return cert === undefined || key === undefined ? undefined : { cert, key }
}
