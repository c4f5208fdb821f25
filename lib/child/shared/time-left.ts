import type { Socket } from 'node:net'

/** A timer, as node:net keeps it with a socket that has a timeout. */
interface SocketTimer {
  /** When it was started last, by the clock of the event loop. */
  readonly _idleStart: number
}

/**
 * How long a connection may stay quiet before its own timeout ends it, in milliseconds; undefined: for ever.
 * Where this Node does not say when it was heard last, the whole timeout.
 */
export function timeLeft(socket: Socket): number | undefined {
  const { timeout } = socket
  if (timeout === undefined || timeout === 0) return undefined
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'timeout')
  const timer: unknown = key === undefined ? undefined : Reflect.get(socket, key)
  if (!isTimer(timer)) return timeout
  return Math.max(0, timeout - (loopNow() - timer._idleStart))
}

/** The clock of the event loop, which timers go by. */
function loopNow(): number {
  const timer = setTimeout(() => {}, 1)
  clearTimeout(timer)
  return isTimer(timer) ? timer._idleStart : NaN
}

function isTimer(value: unknown): value is SocketTimer {
  return (
    typeof value === 'object' &&
    value !== null &&
    '_idleStart' in value &&
    typeof value._idleStart === 'number'
  )
}
