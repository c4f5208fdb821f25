import { UpstreamError } from '../errors.js'

/** Where in a head the next byte belongs. */
const LINE = 0 // the status line, or a field's value
const LINE_FEED = 1
const FIELD_START = 2
const NAME = 3
const LAST_LINE_FEED = 4

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const DEL = 0x7f
const TOKEN = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  TOKEN[char.charCodeAt(0)] = 1

/**
 * Finds the end of a head, and refuses on the way every byte that cannot be where it is: all lines end in
 * CR LF, all but the first are a token (RFC 9110 section 5.1) and a colon and more, and nothing has control
 * characters. A loop over the bytes does all that in less time than one regular expression over their text,
 * and knows at once when a head whose end may never come cannot be one.
 */
export class HeadScanner {
  #state = LINE

  /**
   * Returns where the head that was begun ends, behind its empty line; -1 if it goes on behind the input.
   *
   * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
   */
  scan(input: Buffer, at: number): number {
    let state = this.#state
    let i = at
    while (i < input.length) {
      if (state === LINE) {
        i = textEnd(input, i)
        if (i === input.length) break
        if (input[i] !== CR) throw misplaced(input, i)
        state = LINE_FEED
      } else if (state === NAME) {
        i = nameEnd(input, i)
        if (i === input.length) break
        if (input[i] !== COLON) throw misplaced(input, i)
        state = LINE
      } else if (state === FIELD_START) {
        if (input[i] === CR) state = LAST_LINE_FEED
        else if (isToken(input[i])) state = NAME
        else throw misplaced(input, i)
      } else {
        if (input[i] !== LF) throw misplaced(input, i)
        if (state === LAST_LINE_FEED) {
          this.#state = LINE
          return i + 1
        }
        state = FIELD_START
      }
      i++
    }
    this.#state = state
    return -1
  }
}

/** Where the visible characters, blanks and bytes beyond ASCII end that begin at `i`. */
function textEnd(input: Buffer, i: number): number {
  for (; i < input.length; i++) {
    const code = input[i] ?? 0
    if (code < 0x20 ? code !== TAB : code === DEL) break
  }
  return i
}

function nameEnd(input: Buffer, i: number): number {
  while (i < input.length && isToken(input[i])) i++
  return i
}

function isToken(code = 0): boolean {
  return TOKEN[code] === 1
}

function misplaced(input: Buffer, at: number): UpstreamError {
  const around = JSON.stringify(input.toString('latin1', Math.max(0, at - 30), at + 10))
  return new UpstreamError(
    'UP_ERR_BAD_RESPONSE',
    `the upstream's answer is not valid: a byte of its head is out of place, at the end of ${around}`
  )
}
