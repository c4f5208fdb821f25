import type { Metric as RegistryMetric, Registry } from 'prom-client'
import type { Metric } from './metric.js'

/** How often the process's event loop is looked at, in milliseconds: each look wakes it. */
const PRECISION_MS = 20

/** Metrics as Prometheus' text, with those of the process. Until somebody asks, it costs nothing. */
export class Exposition<Source> {
  readonly #metrics: readonly Metric<Source>[]
  readonly #look: () => Source
  #registry: Promise<Registry> | undefined
  #source: Source

  /** @param look called for each text: all its values are of one moment */
  constructor(metrics: readonly Metric<Source>[], look: () => Source) {
    this.#metrics = metrics
    this.#look = look
    this.#source = look()
  }

  /** The text, version 0.0.4. */
  async text(): Promise<string> {
    const registry = await (this.#registry ??= this.#createRegistry())
    this.#source = this.#look()
    // It reads all values in this tick.
    return registry.metrics()
  }

  async #createRegistry(): Promise<Registry> {
    // Most programs that start are never asked, and need not load it.
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    const registry = new Registry()
    for (const { name, help, type, read } of this.#metrics) {
      const get = (): object => ({ name, help, type, values: read(this.#source), aggregator: 'sum' })
      // All that it wants of a metric.
      registry.registerMetric({ name, get } as unknown as RegistryMetric)
    }
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: PRECISION_MS })
    for (const what of ['handles', 'requests', 'resources'])
      for (const name of [`nodejs_active_${what}`, `nodejs_active_${what}_total`])
        // They would make a list of all connections each time, by what is inside Node.
        registry.removeSingleMetric(name)
    return registry
  }
}
