import { readdirSync } from 'node:fs'
import type { Reading } from './protocol.js'

const SAMPLE_MS = 10

/** Watches this process' memory, and how many workers it has. */
export class Gauge {
  readonly #countWorkers: () => number
  #peakRss = 0
  #peakWorkers = 0

  constructor(countWorkers: () => number) {
    this.#countWorkers = countWorkers
    setInterval(() => this.#sample(), SAMPLE_MS).unref()
  }

  /** The state now, and the peaks since the last call. */
  read(): Reading {
    this.#sample()
    const reading = {
      rss: process.memoryUsage.rss(),
      peakRss: this.#peakRss,
      workers: this.#countWorkers(),
      peakWorkers: this.#peakWorkers,
      descriptors: countDescriptors()
    }
    this.#peakRss = 0
    this.#peakWorkers = 0
    return reading
  }

  #sample(): void {
    this.#peakRss = Math.max(this.#peakRss, process.memoryUsage.rss())
    this.#peakWorkers = Math.max(this.#peakWorkers, this.#countWorkers())
  }
}

function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return -1
  }
}
