/** Keeps the end of a text that comes in pieces. */
export class TextTail {
  readonly #max: number
  #bytes: Buffer = Buffer.alloc(0)
  #cut = false

  /** @param max bytes that are kept */
  constructor(max: number) {
    this.#max = max
  }

  push(piece: Buffer): void {
    const all = Buffer.concat([this.#bytes, piece])
    this.#cut ||= all.length > this.#max
    this.#bytes = all.length > this.#max ? Buffer.from(all.subarray(all.length - this.#max)) : all
  }

  toString(): string {
    return (this.#cut ? '...' : '') + this.#bytes.toString().trim()
  }
}
