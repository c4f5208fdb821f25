import { isIPv6, type AddressInfo } from 'node:net'
import type { Listening } from '../worker/listening.js'
import type { Asked, Protocol } from '../worker/messages.js'
import { refusalOf } from './listen-error.js'

/** Where the master listens for servers of its workers. */
export interface Port {
  /** Where it listens, as `server.address()` has it; null until then. */
  readonly address: AddressInfo | string | null
  /** Resolves when it listens; rejects with what Node says against it. */
  open(): Promise<void>
  /** Tells a worker's server where to listen. */
  admit(listening: Listening): void
  /** Stops listening; resolves when nothing of it is left. */
  close(): Promise<void>
}

/** What the master can speak to: it forwards requests of HTTP/1.1, without TLS. */
const SPOKEN: readonly Protocol[] = ['http', 'https', 'net']

/** Has a worker's server listen for the master, which forwards, if it speaks to such a server. */
export function admitForwarded(
  listening: Listening,
  address: AddressInfo | string | null,
  place?: Asked
): void {
  const { protocol, asked } = listening
  if (SPOKEN.includes(protocol)) return listening.listenPrivately(shownTo(listening, address, place))
  const why = 'the master speaks plain HTTP/1.1 to its workers'
  const message = asked === undefined ? why : `a server of ${protocol} cannot listen here: ${why}`
  listening.refuse(refusalOf(Object.assign(new Error(message), { code: 'UP_ERR_EXPORT' })))
}

/**
 * What `server.address()` shows in a worker: what was asked for, and what only the master knows.
 *
 * @param address where the master listens
 * @param place where it will, if it does not yet
 * @returns undefined where there is nothing to show in its place
 */
export function shownTo(
  { asked }: Listening,
  address: AddressInfo | string | null,
  place?: Asked
): AddressInfo | undefined {
  const actual = typeof address === 'string' ? null : address
  if (asked === undefined || asked.kind === 'path') return undefined
  if (asked.kind === 'fd') return actual ?? undefined
  const host = asked.host ?? anyOf(actual)
  const port = asked.port || actual?.port || (place?.kind === 'tcp' ? place.port : 0)
  return { address: host, family: isIPv6(host) ? 'IPv6' : 'IPv4', port }
}

/** Names the address: the same text is the same address. */
export function textOf(asked: Asked): string {
  if (asked.kind === 'path') return asked.path
  if (asked.kind === 'fd') return `fd ${asked.fd}`
  return `${asked.host ?? '*'} ${asked.port} ${asked.flags ?? 0}`
}

/** All interfaces, as this machine has them. */
function anyOf(actual: AddressInfo | null): string {
  return actual?.address === '0.0.0.0' ? '0.0.0.0' : '::'
}
