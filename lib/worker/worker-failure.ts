import type { ChildProcess } from 'node:child_process'
import { UpError, WorkerError } from '../errors.js'
import type { TextTail } from './text-tail.js'
import type { WorkerSpec } from './fork-worker.js'

/** So much of a worker's stderr goes into the error when it fails, in bytes. */
export const STDERR_TAIL = 16_384

/** A dead worker's stderr may be kept open by a process that it started; then we do not wait for its end. */
const STDERR_WAIT_MS = 300

/**
 * Why a worker is gone that nobody wanted to end.
 *
 * @param wasReady whether it had been ready
 * @param cause what is known beyond the exit code
 */
export function workerFailure(
  proc: ChildProcess,
  { start: { file } }: Pick<WorkerSpec, 'start'>,
  wasReady: boolean,
  stderr: TextTail,
  cause: UpError | undefined
): WorkerError {
  const { pid, exitCode, signalCode } = proc
  const end = signalCode === null ? `exited with code ${exitCode ?? 'unknown'}` : `was ended by ${signalCode}`
  const subject = `worker ${pid ?? ''} of ${file} ${wasReady ? 'died' : 'failed to start'}`
  // Not the module's fault: what it was doing says all.
  if (cause?.code === 'UP_ERR_LISTEN')
    return new WorkerError(cause.code, cause.message, stderr.toString(), cause)
  const code = cause?.code ?? (wasReady ? 'UP_ERR_WORKER_EXIT' : 'UP_ERR_WORKER_START')
  return new WorkerError(code, `${subject}: ${cause?.message ?? `it ${end}`}`, stderr.toString(), cause)
}

/** What a worker did that is not ready in time. */
export function lateness(listens: boolean, limitMs: number): string {
  return `${listens ? 'did not call up.ready()' : 'did not listen'} within ${limitMs} ms (readyTimeout)`
}

/** What a worker did that is taken for blocked. */
export function silence(limitMs: number): string {
  return `did not answer a ping for ${limitMs} ms (unresponsiveTimeout)`
}

/** Calls `then` when all that the process wrote to stderr has been read. */
export function afterStderr({ stderr }: ChildProcess, then: () => void): void {
  if (stderr === null || stderr.closed) return then()
  const onEnd = (): void => {
    clearTimeout(timer)
    stderr.removeListener('close', onEnd)
    then()
  }
  const timer = setTimeout(onEnd, STDERR_WAIT_MS)
  stderr.once('close', onEnd)
}

/** There is not even a process. */
export function startFailure(cause: Error): UpError {
  return new UpError('UP_ERR_WORKER_START', `cannot start a worker: ${cause.message}`, { cause })
}
