import { closeSync, fstatSync, openSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pino } from 'pino'
import { OptionError } from '../errors.js'

/** So much may wait for a slow reader or disk, in bytes; what comes beyond that is lost. */
const MAX_WAITING = 16_777_216
/** How often it is looked whether the file was moved away, in milliseconds. */
const LOOK_EVERY_MS = 1000
/** Troubles come in floods: one is told in so many milliseconds. */
const TELL_EVERY_MS = 10_000

/** Lines go to a file in pieces of so many characters, as each write costs more than a line, ... */
const PIECE = 16_384
/** ... but do not wait for longer than this, in milliseconds. */
const FLUSH_MS = 200

/** Where the lines of an access log go. Nothing there keeps a request waiting. */
export interface AccessSink {
  write(text: string): void
  /** Ends it, with all that was written. */
  close(): Promise<void>
}

/** @param tell gets a sentence when something is wrong */
export function streamSink(stream: Writable, tell: (trouble: string) => void): AccessSink {
  const onLost = lossTeller(tell)
  return {
    write(text) {
      if (stream.writableLength > MAX_WAITING) onLost()
      else stream.write(text)
    },
    close: () => Promise.resolve()
  }
}

/**
 * Appends to a file. If that is moved away, as by logrotate, a new one is begun; if it is truncated, it goes on there.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: it cannot be written
 */
export function fileSink(path: string, tell: (trouble: string) => void): AccessSink {
  try {
    closeSync(openSync(path, 'a'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OptionError('--access-log', path, `a file that can be written (${why})`, cause)
  }
  const file = pino.destination({ dest: path, sync: false, maxLength: MAX_WAITING })
  const tellSeldom = seldom(tell)
  file.on('error', (error: Error) => tellSeldom(cannot(error)))
  file.on('drop', lossTeller(tell))
  const follow = async (): Promise<void> => {
    if (!(await isMoved(path, file))) return
    // A failure of its own would leave it half open.
    await (await open(path, 'a')).close()
    if (!closed) file.reopen()
  }
  let closed = false
  const look = (): void => void follow().catch((error: Error) => tellSeldom(cannot(error)))
  const piecewise = inPieces(text => void file.write(text))
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return {
    write: piecewise.write,
    close() {
      closed = true
      piecewise.flush()
      clearInterval(timer)
      return new Promise(resolve => {
        file.once('close', resolve).once('error', () => resolve())
        file.end()
      })
    }
  }
}

/** Puts lines together. */
function inPieces(write: (piece: string) => void): { write: (text: string) => void; flush: () => void } {
  let piece = ''
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (piece !== '') write(piece)
    piece = ''
  }
  return {
    write(text) {
      piece += text
      if (piece.length >= PIECE) flush()
      else timer ??= setTimeout(flush, FLUSH_MS)
    },
    flush
  }
}

/** Whether another file, or none, is where the open one was. */
async function isMoved(path: string, file: object): Promise<boolean> {
  // Not among the types; below 0 until it is open.
  const fd = 'fd' in file ? Number(file.fd) : -1
  if (fd < 0) return false
  const found = await stat(path).catch(() => undefined)
  const own = fstatSync(fd)
  return found === undefined || found.ino !== own.ino || found.dev !== own.dev
}

function cannot({ message }: Error): string {
  return `the access log cannot be written: ${message}`
}

function lossTeller(tell: (trouble: string) => void): () => void {
  let lost = 0
  const tellSeldom = seldom(tell)
  return () => tellSeldom(`the access log is too slow: ${++lost} lines are lost`)
}

function seldom(tell: (trouble: string) => void): (trouble: string) => void {
  let at = -Infinity
  return trouble => {
    if (performance.now() - at < TELL_EVERY_MS) return
    at = performance.now()
    tell(trouble)
  }
}
