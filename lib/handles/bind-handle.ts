import { createRequire } from 'node:module'
import type { RawHandle } from './raw-handle.js'

/** `net._createServerHandle`, which node:cluster listens by. */
type CreateServerHandle = (
  address: string | null,
  port: number | null,
  addressType: number | null,
  fd: number | undefined,
  flags: number | undefined
) => RawHandle | number

const net = createRequire(import.meta.url)('node:net') as { _createServerHandle?: CreateServerHandle }

/** Binds an address, and does not listen yet. The negative number of an error, where that fails. */
export function bindHandle(...args: Parameters<CreateServerHandle>): RawHandle | number {
  if (net._createServerHandle === undefined) throw new Error('this Node has no net._createServerHandle')
  const handle = net._createServerHandle(...args)
  if (typeof handle === 'number') return handle
  // libuv keeps an address that is in use to itself until somebody asks.
  const error = handle.getsockname?.({}) ?? 0
  if (error >= 0) return handle
  handle.close()
  return error
}
