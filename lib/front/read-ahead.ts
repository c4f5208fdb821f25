import type { Socket } from 'node:net'

/**
 * Says how much a paused socket may read beforehand. By default it is the stream's high-water mark, 16 or 64 kB,
 * which each client whose request waits could fill. There is no public way to change it.
 *
 * @param bytes 0: nothing
 * @returns what it was before
 */
export function setReadAhead(socket: Socket, bytes: number): number {
  const before = socket.readableHighWaterMark
  const state: unknown = Reflect.get(socket, '_readableState')
  if (typeof state === 'object' && state !== null) Reflect.set(state, 'highWaterMark', bytes)
  return before
}
