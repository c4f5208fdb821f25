import type { Socket } from 'node:net'

/**
 * Node's own object behind a socket or a listening server, of TCP or of a UNIX socket: what `server._handle` is, and
 * what node:cluster sends from process to process, too. What is missing, it has not.
 */
export interface RawHandle {
  /** Set by node:net where it listens. */
  onconnection?: ((this: RawHandle, status: number, client: RawHandle | undefined) => void) | undefined
  /** Bytes that wait to be written; of a connection. */
  readonly writeQueueSize?: number
  /** Only of TCP. @returns 0, or the negative number of an error */
  getsockname?: ((out: Record<string, unknown>) => number) | undefined
  /** Only of a UNIX socket. */
  fchmod?(mode: number): number
  /** @returns 0, or the negative number of an error */
  listen(backlog: number): number
  readStart?(): number
  readStop?(): number
  close(callback?: () => void): void
  ref(): void
  unref(): void
}

/** The address that a listening handle tells, if it tells one. */
export function nameOf(handle: RawHandle): Record<string, unknown> {
  const name = {}
  handle.getsockname?.(name)
  return name
}

/** Takes a connection out of its socket, unread. Undefined: it is closed. */
export function takeHandle(socket: Socket): RawHandle | undefined {
  const own = socket as unknown as { _handle: RawHandle | null }
  const handle = own._handle
  if (handle === null) return undefined
  handle.readStop?.()
  own._handle = null
  socket.on('error', () => {}).destroy()
  return handle
}
