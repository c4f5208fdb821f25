import { UpstreamError } from '../errors.js'

/** Who takes a body. */
export interface BodyReceiver {
  onData(piece: Buffer): void
}

/** A chunk's size line, and each trailer line, may be this long at most, in bytes. */
const MAX_LINE = 4096
/** All trailer lines together, in bytes. */
const MAX_TRAILERS = 16_384
/** More digits could mean more than can be counted. */
const MAX_SIZE_DIGITS = 13

const CR = 0x0d
const LF = 0x0a

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done'

/**
 * Decodes a chunked body (RFC 9112 section 7.1), strictly; trailers are read and dropped, which
 * section 7.1.2 allows.
 */
export class ChunkedDecoder {
  #state: State = 'size'
  #left = 0
  /** The beginning of a line whose end has not come. */
  #line = ''
  #trailers = 0

  /** Whether the last chunk and its trailers have been read. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Reads from `input` at `at`, gives each piece of body to the receiver, and returns where it stopped:
   * the input's end, or the byte behind the body once it is `done`.
   *
   * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
   */
  decode(input: Buffer, at: number, receiver: BodyReceiver): number {
    while (at < input.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(input.length, at + this.#left)
        this.#left -= end - at
        receiver.onData(input.subarray(at, end))
        at = end
        if (this.#left === 0) this.#state = 'data-end'
      } else {
        at = this.#readLine(input, at)
      }
    }
    return at
  }

  #readLine(input: Buffer, at: number): number {
    if (this.#line === '') {
      // Nearly all lines are these two: made into text, they would cost more than their chunks.
      if (input[at] === CR && input[at + 1] === LF) {
        this.#take('')
        return at + 2
      }
      const sizeEnd = this.#state === 'size' ? plainSizeEnd(input, at) : -1
      if (sizeEnd !== -1) {
        this.#begin(plainSize(input, at, sizeEnd))
        return sizeEnd + 2
      }
    }
    const lineFeed = input.indexOf(LF, at)
    const end = lineFeed === -1 ? input.length : lineFeed + 1
    if (this.#line.length + (end - at) > MAX_LINE) throw bad('a line of it is too long')
    this.#line += input.toString('latin1', at, end)
    if (lineFeed !== -1) {
      if (!this.#line.endsWith('\r\n')) throw bad('a line of it does not end in CR LF')
      const line = this.#line.slice(0, -2)
      this.#line = ''
      this.#take(line)
    }
    return end
  }

  #take(line: string): void {
    if (this.#state === 'size') {
      this.#begin(parseSize(line))
    } else if (this.#state === 'data-end') {
      if (line !== '') throw bad('a chunk is longer than its size')
      this.#state = 'size'
    } else if (line === '') {
      this.#state = 'done'
    } else {
      this.#trailers += line.length
      if (this.#trailers > MAX_TRAILERS) throw bad('its trailers are too long')
      if (!TRAILER.test(line)) throw bad('a trailer is not a field line')
      if (FRAMING_FIELD.test(line)) throw bad('a trailer is a field that must be in the head')
    }
  }

  #begin(size: number): void {
    this.#left = size
    this.#state = size === 0 ? 'trailers' : 'data'
  }
}

/** Where the digits at `at` end, if nothing but they and CR LF is on the line; -1 otherwise. */
function plainSizeEnd(input: Buffer, at: number): number {
  let end = at
  while (digit(input[end]) !== -1) end++
  const plain = end > at && end <= at + MAX_SIZE_DIGITS && input[end] === CR && input[end + 1] === LF
  return plain ? end : -1
}

function plainSize(input: Buffer, at: number, end: number): number {
  let size = 0
  for (let i = at; i < end; i++) size = size * 16 + digit(input[i])
  return size
}

/** The value of a hexadecimal digit; -1 if it is none. */
function digit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const QUOTED = '"(?:[\\t\\x20!\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
/** With the extensions of section 7.1.1, but for the white space that it calls bad. */
const SIZE = new RegExp(`^([0-9A-Fa-f]{1,${MAX_SIZE_DIGITS}})(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`)
const TRAILER = new RegExp(`^${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*$`)
/** RFC 9110 section 6.5.1: these would come too late to be obeyed. */
const FRAMING_FIELD = /^(?:content-length|transfer-encoding|(?:proxy-)?connection):/i

function parseSize(line: string): number {
  const match = SIZE.exec(line)
  if (match?.[1] === undefined) throw bad(`a chunk size is ${JSON.stringify(line.slice(0, 40))}`)
  return parseInt(match[1], 16)
}

function bad(why: string): UpstreamError {
  return new UpstreamError('UP_ERR_BAD_RESPONSE', `the upstream's chunked body is not valid: ${why}`)
}
