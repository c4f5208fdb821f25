/**
 * A map that holds so many entries at most, and forgets those that were not used for longest.
 *
 * In two halves: what is used is in the recent one; when that is full, it becomes the old one, and what
 * was the old one is forgotten. So nothing is ever deleted, which a Map pays for with holes in its order.
 */
export class RecentMap<V> {
  readonly #half: number
  #recent = new Map<string, V>()
  #old = new Map<string, V>()

  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2))
  }

  get size(): number {
    return this.#recent.size + this.#old.size
  }

  /** All entries; one that is in both halves comes twice, the recent one last. */
  *[Symbol.iterator](): IterableIterator<[string, V]> {
    yield* this.#old
    yield* this.#recent
  }

  get(key: string): V | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: V): void {
    if (this.#recent.size >= this.#half && !this.#recent.has(key)) {
      this.#old = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, value)
  }
}
