/** Something that happened, as plain data. */
export interface FeedEvent {
  /** One more than that of the event before. */
  readonly id: number
  readonly type: string
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly data: object
}

/** So many events are kept for those that come back after a lost connection. */
const KEPT = 500

/** What happens, for whoever listens, in order. */
export class Feed {
  readonly #kept: FeedEvent[] = []
  readonly #listeners = new Set<(event: FeedEvent) => void>()
  #lastId = 0

  tell(type: string, data: object): void {
    const event = { id: ++this.#lastId, type, at: Date.now(), data }
    this.#kept.push(event)
    if (this.#kept.length > KEPT) this.#kept.shift()
    for (const listener of [...this.#listeners]) listener(event)
  }

  /** The events behind this one, as far back as they are kept; all, if it is of a program that ran before this one. */
  after(id: number): readonly FeedEvent[] {
    if (id > this.#lastId) return this.#kept
    return this.#kept.filter(event => event.id > id)
  }

  /** @returns ends it */
  listen(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
