import { getSystemErrorMap } from 'node:util'
import { UpError } from '../errors.js'
import type { Asked, Refusal } from '../worker/messages.js'

/** The error that node:net makes of libuv's, for what could not be listened on. */
export function systemError(errno: number, asked: Asked): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(errno) ?? [`errno ${errno}`, 'unknown error']
  const address = asked.kind === 'tcp' ? (asked.host ?? '::') : asked.kind === 'path' ? asked.path : null
  const port = asked.kind === 'tcp' ? asked.port : asked.kind === 'path' ? -1 : undefined
  const where = address === null ? '' : ` ${address}${port !== undefined && port > 0 ? `:${port}` : ''}`
  const error = new Error(`listen ${code}: ${text}${where}`)
  return Object.assign(error, { code, errno, syscall: 'listen', address, port })
}

/**
 * An error of `listen`, as it travels to the worker that asked.
 *
 * @param reason the same in a sentence of ours, if it is the system's
 */
export function refusalOf(error: unknown, reason?: string): Refusal {
  const { message, code, errno, syscall, address, port } = error as Error & Partial<Refusal>
  return { message, code, errno, syscall, address, port, reason }
}

/** Whether somebody listens there already. */
export function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
}

/** What the system has against it. */
export function systemRefusal(error: NodeJS.ErrnoException, asked: Asked): Refusal {
  return refusalOf(error, listenError(error, describeAsked(asked)).message)
}

/** The worker listens there itself, by another server. */
export function ownRefusal(errno: number, asked: Asked): Refusal {
  const reason = `cannot listen on ${describeAsked(asked)}: another server of the app does so already (EADDRINUSE)`
  return refusalOf(systemError(errno, asked), reason)
}

/** @param where names the address, within a sentence */
export function listenError(cause: NodeJS.ErrnoException, where: string): UpError {
  return new UpError('UP_ERR_LISTEN', `cannot listen on ${where}: ${reason(cause)}`, { cause })
}

/** An address within a sentence. */
export function describeAsked(asked: Asked): string {
  if (asked.kind === 'path') return asked.path
  if (asked.kind === 'fd') return `file descriptor ${asked.fd}`
  return `${asked.host ?? 'all interfaces,'} port ${asked.port}`
}

function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is taken by another process (EADDRINUSE)'
    case 'EACCES':
      return 'permission denied (EACCES); ports below 1024 are often for root only'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address (EADDRNOTAVAIL)'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `there is no host of that name (${error.code})`
    default:
      return error.message
  }
}
