import { OptionError } from '../errors.js'
import { asBoolean, asString } from '../options/checks.js'
import type { Duration } from '../options/duration.js'
import { ControlError } from './control-error.js'
import { readOpenApi } from './openapi.js'
import type { Steered } from './steered.js'

export type Params = Readonly<Record<string, unknown>>

/** What a call answers with: 200 and JSON, unless it is said. */
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
  '/openapi.json': async () => ({ body: await readOpenApi() }),
  '/healthz': () => ({ body: { healthy: true } }),
  '/readyz': steered => {
    const ready = steered.ready()
    return { status: ready ? 200 : 503, body: { ready } }
  }
}

/** What changes something. */
export const CALLS: Readonly<Record<string, Call>> = {
  '/reload': (steered, params) => {
    const { wait, ...options } = only(params, ['standby', 'canary', 'autoAbort', 'keepPrevious', 'wait'])
    return later(wait, () => steered.reload('the control API', options))
  },
  '/pause': (steered, params) => {
    const { wait, ...options } = only(params, ['timeout', 'holdTimeout', 'wait'])
    return later(wait, () => steered.pause(options))
  },
  '/resume': async (steered, params) => {
    await steered.resume(only(params, ['rate']))
    return { body: { resumed: true } }
  },
  '/scale': async (steered, params) => {
    const scale = verb(steered, 'scale')
    const { workers } = only(params, ['workers'])
    // What it is given is checked where it is meant.
    await scale(workers as number)
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
    // The answer goes first: there may be nothing to wait for.
    setImmediate(() => steered.stop('the control API'))
    return { status: 202, body: { stopping: true } }
  }
}

type Optional = { [Name in keyof Steered]-?: undefined extends Steered[Name] ? Name : never }[keyof Steered]

function verb<Name extends Optional>(steered: Steered, name: Name): NonNullable<Steered[Name]> {
  const method = steered[name]
  if (method === undefined) throw new ControlError(409, 'UP_ERR_UNSUPPORTED', WITHOUT[name])
  return method.bind(steered) as NonNullable<Steered[Name]>
}

const NO_APP = 'up proxy starts no workers'
const NO_UPSTREAMS = 'only up proxy has upstreams that can be changed'

/** Why a verb may be missing. */
const WITHOUT: Readonly<Record<Optional, string>> = {
  promote: NO_APP,
  rollback: NO_APP,
  abort: NO_APP,
  scale: NO_APP,
  addUpstream: NO_UPSTREAMS,
  removeUpstream: NO_UPSTREAMS,
  drainUpstream: NO_UPSTREAMS,
  metrics: 'there are no metrics'
}

async function later(wait: unknown = true, begin: () => Promise<object>): Promise<Reply> {
  const waits = asBoolean('wait', wait)
  const done = begin()
  if (waits) return { body: await done }
  // Its end is told by an event. What is refused at once is refused here.
  const begun = { status: 202, body: { begun: true } }
  return Promise.race([done.then(() => begun), new Promise<Reply>(resolve => setImmediate(resolve, begun))])
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
