import { show, UpError } from '../errors.js'
import type { ResolvedSticky, StickyKey } from '../options/balance.js'
import { clientAddress } from './client.js'
import { addCookie, type Visit } from './policy.js'
import { StickyCookie } from './sticky-cookie.js'

/** The key by which a client is known; undefined: by none. */
export type KeyOf = (visit: Visit) => string | undefined

export function keySource(options: ResolvedSticky, trust: (address: string) => boolean): KeyOf {
  const { by } = options
  if (typeof by === 'function') return ({ req }) => ask(by, req)
  if (by === 'address') return ({ req }) => clientAddress(req, trust)
  const cookie = new StickyCookie(options.cookie, options.secret, trust)
  return visit => {
    const known = cookie.read(visit.req)
    if (known !== undefined) return known
    const { id, setCookie } = cookie.issue(visit.req)
    addCookie(visit, setCookie)
    return id
  }
}

function ask(keyOf: StickyKey, req: Visit['req']): string | undefined {
  let key: unknown
  try {
    key = keyOf(req)
  } catch (cause) {
    throw new UpError('UP_ERR_BALANCE', `the function balance.by threw: ${show(cause)}`, { cause })
  }
  if (key === undefined || key === null || key === '') return undefined
  if (typeof key === 'string' || typeof key === 'number') return String(key)
  throw new UpError(
    'UP_ERR_BALANCE',
    `balance.by returned ${show(key)}, but must return a string or a number`
  )
}
