import { setTimeout as delay } from 'node:timers/promises'
import type { LogTrouble } from './log-trouble.js'

/** So much may wait for a slow reader or disk, in bytes; what comes beyond that is lost. */
const MAX_WAITING = 16_777_216
/** Lines go out in pieces of so many characters, as each write costs more than a line. */
const PIECE = 65_536
/** How long all may take to go out at the end, in milliseconds. */
const END_MS = 1000

interface Piece {
  readonly bytes: Buffer
  readonly lines: number
}

/** Puts lines together, and gives them on, one piece after the other. Who adds a line never waits. */
export class LogQueue {
  readonly #put: (bytes: Buffer) => Promise<void>
  readonly #flushMs: number
  readonly #trouble: LogTrouble
  readonly #pieces: Piece[] = []
  #text = ''
  #lines = 0
  #waiting = 0
  /** Lines on their way. */
  #sending = 0
  #timer: NodeJS.Timeout | undefined
  #going: Promise<void> | undefined

  /**
   * @param put writes a piece; rejects if it cannot be written, so that it is lost
   * @param flushMs how long lines may wait for others, in milliseconds
   */
  constructor(put: (bytes: Buffer) => Promise<void>, flushMs: number, trouble: LogTrouble) {
    this.#put = put
    this.#flushMs = flushMs
    this.#trouble = trouble
  }

  add(line: string): void {
    if (this.#waiting > MAX_WAITING) return this.#trouble.lost(1)
    this.#text += line
    this.#lines++
    if (this.#text.length >= PIECE) this.#cut()
    else this.#timer ??= setTimeout(this.#cut, this.#flushMs)
  }

  /** Resolves when all is out, or when nobody has taken it in time: then it is lost. */
  async end(): Promise<void> {
    this.#cut()
    const ended = new AbortController()
    const late = delay(END_MS, undefined, { signal: ended.signal }).catch(() => {})
    await Promise.race([this.#going, late])
    ended.abort()
    this.#trouble.lost(this.#pieces.reduce((sum, { lines }) => sum + lines, this.#sending))
    this.#trouble.end()
  }

  readonly #cut = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines === 0) return
    // As bytes: the parts of which a text was put together would stay in memory as long as it waits.
    const piece = { bytes: Buffer.from(this.#text), lines: this.#lines }
    this.#text = ''
    this.#lines = 0
    this.#waiting += piece.bytes.length
    this.#pieces.push(piece)
    this.#going ??= this.#go()
  }

  async #go(): Promise<void> {
    let isSound = true
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      isSound = await this.#send(piece)
      this.#waiting -= piece.bytes.length
    }
    this.#going = undefined
    if (isSound) this.#trouble.over()
  }

  async #send({ bytes, lines }: Piece): Promise<boolean> {
    this.#sending = lines
    try {
      await this.#put(bytes)
      return true
    } catch (error) {
      this.#trouble.failed(error)
      this.#trouble.lost(lines)
      return false
    } finally {
      this.#sending = 0
    }
  }
}
