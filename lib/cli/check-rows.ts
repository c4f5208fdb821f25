import { resolve } from 'node:path'
import type { Layer } from '../config/precedence.js'
import { show } from '../errors.js'
import { PASSING, PROXY_OPTIONS, resolveProxyOptions } from '../options/proxy-options.js'
import { resolveOptions, UP_OPTIONS } from '../options/resolve-options.js'
import { namesOf } from './file-settings.js'
import { instanceName } from './instance-name.js'
import type { CliOptions } from './options.js'
import { APP_FORM } from './settle-app.js'
import { PROXY_FORM } from './settle-proxy.js'
import { DEFAULT_PORT, valuesOf } from './settle-master.js'

/** A setting as it would be. */
export interface Row {
  readonly name: string
  /** Times in milliseconds; null: it is not set. */
  readonly value: unknown
  /** What it is: times are shown in other units. */
  readonly isTime: boolean
  /** Which place says so: `--number`, `env UP_NUMBER`, `up.config.js`, `default`. */
  readonly from: string
}

type Values = Readonly<Record<string, unknown>>

/** Not for a screen, nor for a log. */
const SECRET = /token|secret|password/i

/** The settings of `up [file]`. */
export function appRows(options: CliOptions, settings: Layer): Row[] {
  const { file, foundIn } = options
  const given = valuesOf<Values>(settings)
  const resolved = { ...resolveOptions(options.up) } as Values
  const defaults = { port: DEFAULT_PORT, name: instanceName(resolve(file)), watch: false, file }
  return namesOf(APP_FORM)
    .filter(name => name !== 'proxy')
    .map(name => {
      const row = rowOf(
        name,
        settings,
        Object.hasOwn(UP_OPTIONS, name) ? effective(name, resolved, given) : undefined,
        defaults
      )
      return name === 'file' && foundIn !== undefined ? { ...row, from: foundIn } : row
    })
}

/** The settings of `up proxy`. */
export function proxyRows(settings: Layer): Row[] {
  const given = valuesOf<Values>(settings)
  const own = Object.entries(given).filter(([name]) => Object.hasOwn(PROXY_OPTIONS, name))
  const resolved = resolveProxyOptions(Object.fromEntries(own))
  const { health, ...rest } = resolved
  const flat = { ...rest, ...(health && withPrefix('health', { ...health })) }
  const defaults = { port: DEFAULT_PORT, name: 'proxy', ...(health && { healthStatus: PASSING }) }
  return namesOf(PROXY_FORM).map(name => {
    const value = Object.hasOwn(PROXY_OPTIONS, name) ? effective(name, flat, given) : undefined
    return { ...rowOf(name, settings, value, defaults), name: `proxy.${name}` }
  })
}

interface Effective {
  readonly value: unknown
  readonly isTime: boolean
}

/** What an option of the library comes to. */
function effective(name: string, resolved: Values, given: Values): Effective | undefined {
  const time = `${name}Ms`
  if (Object.hasOwn(resolved, time))
    return { value: resolved[time], isTime: typeof resolved[time] === 'number' }
  if (name === 'balance') return { value: given['balance'] ?? 'round-robin', isTime: false }
  if (name === 'trustProxy') return { value: given['trustProxy'] ?? false, isTime: false }
  if (name === 'via') return { value: resolved['via'] ?? false, isTime: false }
  // Values may be secrets.
  if (name === 'env') return { value: Object.keys(resolved['env'] ?? {}), isTime: false }
  return Object.hasOwn(resolved, name) && typeof resolved[name] !== 'function'
    ? { value: resolved[name], isTime: false }
    : undefined
}

function rowOf(name: string, settings: Layer, found: Effective | undefined, defaults: Values): Row {
  const entry = settings.get(name)
  const value = found === undefined ? (entry?.value ?? defaults[name]) : found.value
  const shown = SECRET.test(name) && value !== undefined ? '***' : plain(value)
  return { name, value: shown, isTime: found?.isTime === true, from: entry?.from.place ?? 'default' }
}

/** As JSON can say it, without secrets. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'function') return show(value)
  if (value instanceof URL) return value.href
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, SECRET.test(name) ? '***' : plain(member)])
  )
}

function withPrefix(prefix: string, values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      prefix + name.charAt(0).toUpperCase() + name.slice(1),
      value
    ])
  )
}
