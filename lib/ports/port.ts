import { isIPv6, type AddressInfo } from 'node:net'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'

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

/**
 * What `server.address()` shows in a worker: what was asked for, and what only the master knows.
 *
 * @returns undefined where there is nothing to show in its place
 */
export function shownTo({ asked }: Listening, address: AddressInfo | string | null): AddressInfo | undefined {
  const actual = typeof address === 'string' ? null : address
  if (asked === undefined || asked.kind === 'path') return undefined
  if (asked.kind === 'fd') return actual ?? undefined
  const host = asked.host ?? anyOf(actual)
  const port = asked.port === 0 ? (actual?.port ?? 0) : asked.port
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
