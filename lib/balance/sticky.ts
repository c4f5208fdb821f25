import type { Candidate, Policy, Visit } from './policy.js'
import { RecentMap } from './recent-map.js'
import { rendezvous } from './rendezvous.js'
import type { KeyOf } from './sticky-key.js'
import { WeightedRoundRobin } from './weighted-round-robin.js'

/** So many clients are remembered; beyond, those that were seen longest ago are forgotten. */
export const MAX_BOUND = 100_000

/** A candidate as those see it that are bound to it. */
interface Seat<C> {
  /** undefined: it is gone. */
  candidate: C | undefined
  retired: boolean
}

/** A client, bound to a seat. */
interface Binding<C> {
  readonly seat: Seat<C>
  /** Its requests that are in flight. */
  open: number
  /** When the last of them ended, by `performance.now()`. */
  endedAt: number
}

/**
 * The requests of a client go to one candidate.
 *
 * A client is bound to the candidate that rendezvous hashing gives its key when it comes first, and
 * again when that is gone. In between it stays, whoever joins: so it moves once per loss. A client that
 * was forgotten, or that another master bound, finds the same slot by its hash unless the fleet has
 * changed since.
 */
export class Sticky<C extends Candidate> implements Policy<C> {
  readonly needsRequest = true
  readonly #keyOf: KeyOf
  readonly #lingerMs: number
  readonly #present: C[] = []
  readonly #seats = new Map<C, Seat<C>>()
  readonly #bound: RecentMap<Binding<C>>
  /** For requests without a key. */
  readonly #rotation = new WeightedRoundRobin<C>()

  /**
   * @param lingerMs how long a client may be quiet before it leaves a retired candidate, in milliseconds
   * @param maxBound how many clients are remembered
   */
  constructor(keyOf: KeyOf, lingerMs: number, maxBound = MAX_BOUND) {
    this.#keyOf = keyOf
    this.#lingerMs = lingerMs
    this.#bound = new RecentMap(maxBound)
  }

  get size(): number {
    return this.#present.length
  }

  add(candidate: C): void {
    const seat = this.#seats.get(candidate)
    if (seat?.retired === false) return
    // One that had retired may come back; those that are bound to it are so again.
    if (seat !== undefined) seat.retired = false
    this.#enter(candidate, seat ?? { candidate, retired: false })
  }

  adopt(other: this): void {
    for (const [candidate, seat] of other.#seats) this.#enter(candidate, seat)
    for (const [key, binding] of other.#bound)
      if (binding.seat.candidate !== undefined) this.#bound.set(key, binding)
  }

  remove(candidate: C): void {
    this.#leave(candidate)
    const seat = this.#seats.get(candidate)
    // Bindings to it stay until their clients come again; they hold nothing of it any more.
    if (seat !== undefined) seat.candidate = undefined
    this.#seats.delete(candidate)
  }

  retire(candidate: C): boolean {
    const seat = this.#seats.get(candidate)
    if (this.#lingerMs === 0 || seat === undefined) return false
    this.#leave(candidate)
    seat.retired = true
    return true
  }

  select(avoid?: C, visit?: Visit): C | undefined {
    if (visit === undefined) return this.#rotation.select(avoid)
    const asked = (visit.binding ??= new Ask<C>(this.#keyOf(visit))) as Ask<C>
    if (asked.key === undefined) return this.#rotation.select(avoid)
    const binding = this.#bindingOf(asked.key)
    if (binding === undefined) return undefined
    // An open WebSocket keeps its worker anyway; it needs no request there.
    if (!visit.upgrade) asked.begin(binding)
    const { candidate } = binding.seat
    // A failure may be a mere hiccup: it moves the request, not the client. One that is really gone is
    // about to be removed, and then the client goes where its request went.
    return candidate !== avoid || this.size === 0 ? candidate : rendezvous(asked.key, this.#present, avoid)
  }

  end(visit: Visit): void {
    ;(visit.binding as Ask<C> | undefined)?.end()
  }

  #bindingOf(key: string): Binding<C> | undefined {
    const known = this.#bound.get(key)
    if (known !== undefined && this.#holds(known)) return known
    const home = rendezvous(key, this.#present)
    const seat = home === undefined ? undefined : this.#seats.get(home)
    if (seat === undefined) return undefined
    const binding = { seat, open: 0, endedAt: 0 }
    this.#bound.set(key, binding)
    return binding
  }

  /** Whether its candidate serves it: a retired one only if the client is in the middle of something. */
  #holds({ seat, open, endedAt }: Binding<C>): boolean {
    if (!seat.retired || seat.candidate === undefined) return seat.candidate !== undefined
    return open > 0 || performance.now() - endedAt <= this.#lingerMs
  }

  #enter(candidate: C, seat: Seat<C>): void {
    this.#seats.set(candidate, seat)
    this.#present.push(candidate)
    this.#rotation.add(candidate)
  }

  #leave(candidate: C): void {
    const at = this.#present.indexOf(candidate)
    if (at !== -1) this.#present.splice(at, 1)
    this.#rotation.remove(candidate)
  }
}

/** What a visit asked for, and the binding that serves it. */
class Ask<C> {
  readonly key: string | undefined
  #binding: Binding<C> | undefined

  constructor(key: string | undefined) {
    this.key = key
  }

  begin(binding: Binding<C>): void {
    if (binding === this.#binding) return
    this.end()
    this.#binding = binding
    binding.open++
  }

  end(): void {
    if (this.#binding === undefined) return
    this.#binding.open--
    this.#binding.endedAt = performance.now()
    this.#binding = undefined
  }
}
