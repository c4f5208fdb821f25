import type { IncomingMessage } from 'node:http'
import type { Candidate, Visit } from '#lib/balance/policy.js'

/** A candidate without a process. */
export class FakeWorker implements Candidate {
  readonly name: string
  readonly slot: number
  readonly generation: number
  readonly weight: number
  inFlight = 0
  upgrades = 0

  constructor(name: string, slot: number, generation = 1, weight = 1) {
    this.name = name
    this.slot = slot
    this.generation = generation
    this.weight = weight
  }
}

/** Candidates a, b, c and so on, with these weights. */
export function weighted(...weights: number[]): FakeWorker[] {
  return weights.map((weight, i) => new FakeWorker(String.fromCharCode(97 + i), i, 1, weight))
}

/** Candidates a, b, c and so on, of the slots 0, 1, 2. */
export function fakes(count: 1): [FakeWorker]
export function fakes(count: 2): [FakeWorker, FakeWorker]
export function fakes(count: 3): [FakeWorker, FakeWorker, FakeWorker]
export function fakes(count: number, generation?: number): [FakeWorker, ...FakeWorker[]]
export function fakes(count: number, generation = 1): FakeWorker[] {
  return Array.from({ length: count }, (_, i) => new FakeWorker(String.fromCharCode(97 + i), i, generation))
}

export interface FakeRequest {
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly remoteAddress?: string
  readonly encrypted?: boolean
}

/** A request as policies see it. */
export function visit({ url = '/', headers = {}, ...socket }: FakeRequest = {}): Visit {
  return { req: { url, headers, socket } as unknown as IncomingMessage, upgrade: false }
}
