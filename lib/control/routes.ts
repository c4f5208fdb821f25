import { OptionError } from '../errors.js'
import { asString } from '../options/checks.js'
import type { Duration } from '../options/duration.js'
import { ControlError } from './control-error.js'
import type { Steered } from './steered.js'

export type Params = Readonly<Record<string, unknown>>

/** What a call answers with: 200, unless it is said; nothing: 204. */
export interface Reply {
  readonly status?: number
  readonly type?: string
  readonly body: unknown
}

type Read = (steered: Steered) => Reply | Promise<Reply>
type Call = (steered: Steered, params: Params) => Reply | Promise<Reply>

/** What only looks. */
export const READS: Readonly<Record<string, Read>> = {
  '/status': steered => ({ body: steered.status() }),
  '/history': steered => ({ body: steered.history.columns() }),
  '/metrics': async steered => ({
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: await verb(steered, 'metrics')()
  }),
  '/healthz': () => ({ body: { healthy: true } }),
  '/readyz': steered => {
    const ready = steered.ready()
    return { status: ready ? 200 : 503, body: { ready } }
  }
}

/** What changes something. */
export const CALLS: Readonly<Record<string, Call>> = {
  '/reload': async (steered, { wait = true, ...options }) => {
    const done = verb(steered, 'reload')('the control API', options)
    return later(wait, done)
  },
  '/pause': (steered, { wait = true, ...options }) => later(wait, steered.pause(options)),
  '/resume': async (steered, options) => {
    await steered.resume(options)
    return { body: { resumed: true } }
  },
  '/scale': async (steered, params) => {
    const { workers } = only(params, ['workers'])
    // What it is given is checked where it is meant.
    await verb(steered, 'scale')(workers as number)
    return { body: { workers } }
  },
  '/promote': async (steered, params) => (none(params), { body: await verb(steered, 'promote')() }),
  '/rollback': async (steered, params) => (none(params), { body: await verb(steered, 'rollback')() }),
  '/abort': async (steered, params) => {
    none(params)
    await verb(steered, 'abort')()
    return { body: { aborted: true } }
  },
  '/upstreams': async (steered, params) => ({ body: await changeUpstreams(steered, params) }),
  '/stop': (steered, params) => {
    none(params)
    steered.stop('the control API')
    return { status: 202, body: { stopping: true } }
  }
}

type Optional = { [Name in keyof Steered]-?: undefined extends Steered[Name] ? Name : never }[keyof Steered]

function verb<Name extends Optional>(steered: Steered, name: Name): NonNullable<Steered[Name]> {
  const method = steered[name]
  if (method === undefined)
    throw new ControlError(
      409,
      'UP_ERR_UNSUPPORTED',
      `${name} is not to be had here: it serves no app of its own`
    )
  return method.bind(steered) as NonNullable<Steered[Name]>
}

async function later(wait: unknown, done: Promise<object>): Promise<Reply> {
  if (typeof wait !== 'boolean') {
    done.catch(() => {})
    throw new OptionError('wait', wait, 'true or false')
  }
  if (wait) return { body: await done }
  // Its end is told by an event.
  done.catch(() => {})
  return { status: 202, body: { begun: true } }
}

async function changeUpstreams(steered: Steered, params: Params): Promise<object> {
  const { add, remove, drain, timeout } = only(params, ['add', 'remove', 'drain', 'timeout'])
  if ([add, remove, drain].filter(value => value !== undefined).length !== 1)
    throw new OptionError('the body', params, "an object with one of 'add', 'remove' and 'drain'")
  if (add !== undefined) return verb(steered, 'addUpstream')(add as string)
  if (drain !== undefined)
    return verb(steered, 'drainUpstream')(asString('drain', drain), timeout as Duration | undefined)
  verb(steered, 'removeUpstream')(asString('remove', remove))
  return { removed: remove }
}

function none(params: Params): void {
  only(params, [])
}

function only(params: Params, names: readonly string[]): Params {
  for (const name of Object.keys(params))
    if (!names.includes(name)) {
      const wanted = names.length === 0 ? 'no parameter' : `one of ${names.map(n => `'${n}'`).join(', ')}`
      throw new OptionError('a parameter', name, wanted)
    }
  return params
}
