import { StringDecoder } from 'node:string_decoder'

/** A line without an end is cut at so many characters. */
const MAX_LINE = 1_048_576

/** Makes whole lines of what comes in pieces. */
export class LineSplitter {
  readonly #onLine: (text: string) => void
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  /** @param onLine gets each line without its end */
  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine
  }

  push(piece: Buffer): void {
    this.#take(this.#decoder.write(piece))
  }

  /** No more comes: what is left is a line as well. */
  end(): void {
    this.#take(this.#decoder.end())
    if (this.#rest !== '') this.#line(this.#rest)
    this.#rest = ''
  }

  #take(text: string): void {
    let from = 0
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      this.#line(this.#rest + text.slice(from, at))
      this.#rest = ''
      from = at + 1
    }
    this.#rest += text.slice(from)
    while (this.#rest.length > MAX_LINE) {
      // Not between the two halves of one character.
      const end = isFirstHalf(this.#rest.charCodeAt(MAX_LINE - 1)) ? MAX_LINE - 1 : MAX_LINE
      this.#line(this.#rest.slice(0, end))
      this.#rest = this.#rest.slice(end)
    }
  }

  #line(text: string): void {
    this.#onLine(text.endsWith('\r') ? text.slice(0, -1) : text)
  }
}

function isFirstHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
