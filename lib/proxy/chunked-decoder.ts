import { UpstreamError } from '../errors.js'

/** A chunk's size line, and each trailer line, may be this long at most, in bytes. */
const MAX_LINE = 4096
/** All trailer lines together, in bytes. */
const MAX_TRAILERS = 16_384

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done'

/**
 * Decodes a chunked body (RFC 9112 section 7.1), strictly; trailers are read and dropped, which
 * section 7.1.2 allows.
 */
export class ChunkedDecoder {
  #state: State = 'size'
  #left = 0
  #line = ''
  #trailers = 0

  /** Whether the last chunk and its trailers have been read. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Reads from `input` at `at`, gives each piece of body to `onData`, and returns where it stopped:
   * the input's end, or the byte behind the body once it is `done`.
   *
   * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
   */
  decode(input: Buffer, at: number, onData: (piece: Buffer) => void): number {
    while (at < input.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(input.length, at + this.#left)
        this.#left -= end - at
        onData(input.subarray(at, end))
        at = end
        if (this.#left === 0) this.#state = 'data-end'
        continue
      }
      const lineFeed = input.indexOf(0x0a, at)
      const end = lineFeed === -1 ? input.length : lineFeed + 1
      if (this.#line.length + (end - at) > MAX_LINE) throw bad('a line of it is too long')
      this.#line += input.toString('latin1', at, end)
      at = end
      if (lineFeed !== -1) this.#readLine()
    }
    return at
  }

  #readLine(): void {
    if (!this.#line.endsWith('\r\n')) throw bad('a line of it does not end in CR LF')
    const line = this.#line.slice(0, -2)
    this.#line = ''
    if (this.#state === 'size') {
      this.#left = parseSize(line)
      this.#state = this.#left === 0 ? 'trailers' : 'data'
    } else if (this.#state === 'data-end') {
      if (line !== '') throw bad('a chunk is longer than its size')
      this.#state = 'size'
    } else if (line === '') {
      this.#state = 'done'
    } else {
      this.#trailers += line.length
      if (this.#trailers > MAX_TRAILERS) throw bad('its trailers are too long')
      if (!TRAILER.test(line)) throw bad('a trailer is not a field line')
    }
  }
}

const SIZE = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/
const TRAILER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/

function parseSize(line: string): number {
  const match = SIZE.exec(line)
  if (match?.[1] === undefined) throw bad(`a chunk size is ${JSON.stringify(line.slice(0, 40))}`)
  return parseInt(match[1], 16)
}

function bad(why: string): UpstreamError {
  return new UpstreamError('UP_ERR_BAD_RESPONSE', `the upstream's chunked body is not valid: ${why}`)
}
