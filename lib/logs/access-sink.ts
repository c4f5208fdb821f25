import type { Writable } from 'node:stream'
import { OptionError } from '../errors.js'
import { LogFile } from './log-file.js'
import { LogQueue } from './log-queue.js'
import { LogTrouble } from './log-trouble.js'

/** How long lines may wait for others that go the same way, in milliseconds. */
const FILE_FLUSH_MS = 200
const STREAM_FLUSH_MS = 1

/** Where the lines of an access log go. Nothing there keeps a request waiting. */
export interface AccessSink {
  write(line: string): void
  /** Ends it, with all that was written. */
  close(): Promise<void>
}

/** @param tell gets a sentence when something is wrong */
export function streamSink(stream: Writable, tell: (sentence: string) => void): AccessSink {
  const put = (bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(bytes, error => (error == null ? resolve() : reject(error)))
    })
  const queue = new LogQueue(put, STREAM_FLUSH_MS, new LogTrouble(tell))
  return { write: line => queue.add(line), close: () => queue.end() }
}

/**
 * Appends to a {@link LogFile}.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: it cannot be written
 */
export function fileSink(path: string, tell: (sentence: string) => void): AccessSink {
  const trouble = new LogTrouble(tell)
  const file = openFile(path, error => trouble.failed(error))
  const queue = new LogQueue(bytes => file.append(bytes), FILE_FLUSH_MS, trouble)
  return {
    write: line => queue.add(line),
    async close() {
      file.hurry()
      await queue.end()
      await file.close()
    }
  }
}

function openFile(path: string, onFailure: (error: unknown) => void): LogFile {
  try {
    return new LogFile(path, onFailure)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OptionError('--access-log', path, `a file that can be written (${why})`, cause)
  }
}
