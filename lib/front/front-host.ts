import type { Socket } from 'node:net'
import type { UpError } from '../errors.js'
import type { FrontConnection } from './front-connection.js'
import type { PlainRequest } from './plain-request.js'

/** What a connection needs of the front that it belongs to. */
export interface FrontHost {
  /** Memory for what its connections read, one after the other. */
  readonly memory: Buffer
  readonly trust: (address: string) => boolean
  /** Whether a request may go this way now. */
  readonly open: boolean
  /** Whether it is not to be forwarded. */
  readonly isOwn: (request: PlainRequest) => boolean
  /** The id that a request is to have; undefined: requests have none. */
  readonly idOf: ((request: PlainRequest) => string) | undefined
  /** Whether it may have a body. */
  readonly takesUploads: boolean
  /** How long an upload may stand still, in milliseconds; 0 is no limit. */
  readonly uploadTimeoutMs: number
  /** Whether connections end with their next answer. */
  readonly closing: boolean
  /** How long a connection may be idle between two requests, in milliseconds; 0 is no limit. */
  readonly keepAliveTimeoutMs: number
  /** The lines by which an answer says so. */
  readonly keepAliveLines: string
  /** Has the request forwarded by `connection.forward`, as often as it takes, and then `connection.done` called. */
  onRequest(connection: FrontConnection): void
  onDone(): void
  failureAnswer(error: UpError, persistence: string, connection: FrontConnection): string
  /** The answer to what did not become a whole request, which is the last on its connection. */
  refusal(status: number): string
  /** node:http takes the connection from here on, with what was read of its next request. */
  handOver(connection: FrontConnection, read: Buffer | undefined): void
  onTimeout(client: Socket): void
  onError(client: Socket, error: Error): void
  onClose(connection: FrontConnection): void
}
