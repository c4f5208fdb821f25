import type { Child } from '../common/child.js'
import type { Workshop } from '../common/workshop.js'
import type { Flags } from './flags.js'
import { MASTERS, type MasterEntry, type MasterName } from './masters.js'
import type { FromMaster, Reading, Setup, ToMaster } from './protocol.js'

/** Some are installed first. */
const START_MS = 240_000
const RELOAD_MS = 60_000

/** A master under test, in a process of its own. */
export class Subject {
  readonly name: MasterName
  readonly label: string
  readonly port: number
  readonly #workshop: Workshop
  readonly #child: Child<ToMaster, FromMaster>

  /** Resolves with the reason instead, if this master is not to be had here. */
  static async start(
    workshop: Workshop,
    name: MasterName,
    { workers, graceMs }: Pick<Flags, 'workers' | 'graceMs'>
  ): Promise<Subject | string> {
    const master: MasterEntry = MASTERS[name]
    const setup: Setup = { workers, graceMs, ...master.setup }
    const program = new URL(`./${master.program}.js`, import.meta.url)
    const child = workshop.fork<ToMaster, FromMaster>(program, [JSON.stringify(setup)])
    const started = await child.await('started', START_MS)
    if ('running' in started) {
      const { port, version } = started.running
      const label = version === undefined ? master.label : `${master.label} (${version})`
      return new Subject(workshop, { name, label, port, child })
    }
    await workshop.stop(child)
    return started.unavailable
  }

  private constructor(
    workshop: Workshop,
    {
      name,
      label,
      port,
      child
    }: { name: MasterName; label: string; port: number; child: Child<ToMaster, FromMaster> }
  ) {
    this.name = name
    this.label = label
    this.port = port
    this.#workshop = workshop
    this.#child = child
  }

  /** Resolves with the time that the reload took, in milliseconds. */
  async reload(): Promise<number> {
    return (await this.#child.ask({ type: 'reload' }, RELOAD_MS)).tookMs
  }

  /** Resolves when no old worker is left, with the time since the last reload began; Infinity if one stays. */
  async settle(): Promise<number> {
    return (await this.#child.ask({ type: 'settle' }, RELOAD_MS)).tookMs
  }

  /** The state now, with the peaks since the last call. */
  async gauge(): Promise<Reading> {
    return (await this.#child.ask({ type: 'gauge' }, RELOAD_MS)).reading
  }

  stop(): Promise<void> {
    return this.#workshop.stop(this.#child)
  }
}
