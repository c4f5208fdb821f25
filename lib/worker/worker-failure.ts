import type { ChildProcess } from 'node:child_process'
import { WorkerError, type UpError } from '../errors.js'
import type { TextTail } from './text-tail.js'

/**
 * Why a worker is gone that nobody wanted to end.
 *
 * @param wasReady whether it had been ready
 * @param cause what is known beyond the exit code
 */
export function workerFailure(
  proc: ChildProcess,
  file: string,
  wasReady: boolean,
  stderr: TextTail,
  cause: UpError | undefined
): WorkerError {
  const { pid, exitCode, signalCode } = proc
  const end = signalCode === null ? `exited with code ${exitCode ?? 'unknown'}` : `was ended by ${signalCode}`
  const subject = `worker ${pid ?? ''} of ${file} ${wasReady ? 'died' : 'failed to start'}`
  const code = cause?.code ?? (wasReady ? 'UP_ERR_WORKER_EXIT' : 'UP_ERR_WORKER_START')
  return new WorkerError(code, `${subject}: ${cause?.message ?? `it ${end}`}`, stderr.toString(), cause)
}
