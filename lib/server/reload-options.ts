import { OptionError } from '../errors.js'
import { asBoolean, asObject, asWhole } from '../options/checks.js'
import { assertKnown } from '../options/serving.js'
import type { AutoAbort, ReloadOptions } from './api.js'

/** The options of `reload()`, checked. */
export interface ResolvedReload {
  readonly standby: boolean
  readonly canary: number | undefined
  readonly autoAbort: AutoAbort | undefined
  /** undefined: as the server's option says by then. */
  readonly keepPrevious: boolean | undefined
}

/** @throws {OptionError} `UP_ERR_OPTION` */
export function parseReload(options: ReloadOptions): ResolvedReload {
  const given = asObject('reload(options)', options)
  assertKnown(given, { standby: true, canary: true, autoAbort: true, keepPrevious: true })
  const canary = given['canary'] == null ? undefined : asShare('reload({ canary })', given['canary'])
  const autoAbort = given['autoAbort'] == null ? undefined : parseAutoAbort(given['autoAbort'])
  if (autoAbort !== undefined && canary === undefined)
    throw new OptionError('reload({ autoAbort })', autoAbort, 'absent where there is no canary')
  const standby = asBoolean('reload({ standby })', given['standby'] ?? canary !== undefined)
  if (canary !== undefined && !standby)
    throw new OptionError('reload({ standby })', standby, 'true or absent where there is a canary')
  const keepPrevious =
    given['keepPrevious'] == null ? undefined : asBoolean('reload({ keepPrevious })', given['keepPrevious'])
  return { standby, canary, autoAbort, keepPrevious }
}

function asShare(option: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && value < 1) return value
  throw new OptionError(option, value, 'a share of the clients, more than 0 and less than 1, such as 0.05')
}

function parseAutoAbort(value: unknown): AutoAbort {
  const option = 'reload({ autoAbort })'
  const given = asObject(option, value)
  assertKnown(given, { factor: true, requests: true })
  const { factor } = given
  if (typeof factor !== 'number' || !(factor >= 1) || factor === Infinity)
    throw new OptionError(`${option}.factor`, factor, 'a number of 1 or more')
  return { factor, requests: asWhole(`${option}.requests`, given['requests'], 1) }
}
