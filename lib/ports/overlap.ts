import { isIPv6 } from 'node:net'
import type { Asked } from '../worker/messages.js'

type Tcp = Asked & { readonly kind: 'tcp' }

const UV_TCP_IPV6ONLY = 1

/** Whether these two cannot be listened on at the same time, unless it is by the same socket. As Linux has it. */
export function overlap(a: Asked, b: Asked): boolean {
  if (a.kind === 'path') return b.kind === 'path' && a.path === b.path
  if (a.kind !== 'tcp' || b.kind !== 'tcp' || a.port !== b.port) return false
  if (!isAny(a) && !isAny(b)) return a.host === b.host
  return familiesOf(a).some(family => familiesOf(b).includes(family))
}

/** Whether it is all interfaces. */
function isAny({ host }: Tcp): boolean {
  return host === undefined || host === '::' || host === '0.0.0.0'
}

function familiesOf({ host, flags = 0 }: Tcp): number[] {
  if (host === undefined || host === '::') return (flags & UV_TCP_IPV6ONLY) === 0 ? [4, 6] : [6]
  return isIPv6(host) ? [6] : [4]
}
