import type { Strategy } from 'up-server'
import { Child } from '../common/child.js'
import type { Flags } from './flags.js'
import type { FromMaster, Reading, ToMaster } from './protocol.js'

const START_MS = 30_000
const RELOAD_MS = 60_000
const STOP_MS = 30_000

/** A master under test, in a process of its own. */
export class Subject {
  readonly name: string
  readonly port: number
  readonly #child: Child<ToMaster, FromMaster>

  static startUp(flags: Flags, strategy: Strategy): Promise<Subject> {
    return Subject.#start(`up, '${strategy}'`, 'up-master', [String(flags.workers), strategy])
  }

  static startCluster(flags: Flags): Promise<Subject> {
    return Subject.#start('node:cluster', 'cluster-master', [String(flags.workers), String(flags.graceMs)])
  }

  static async #start(name: string, file: string, args: string[]): Promise<Subject> {
    const child = new Child<ToMaster, FromMaster>(new URL(`./${file}.js`, import.meta.url), args)
    const { port } = await child.await('listening', START_MS)
    return new Subject(name, port, child)
  }

  private constructor(name: string, port: number, child: Child<ToMaster, FromMaster>) {
    this.name = name
    this.port = port
    this.#child = child
  }

  /** Resolves with the time that the reload took, in milliseconds. */
  async reload(): Promise<number> {
    return (await this.#child.ask({ type: 'reload' }, RELOAD_MS)).tookMs
  }

  /** The state now, with the peaks since the last call. */
  async gauge(): Promise<Reading> {
    return (await this.#child.ask({ type: 'gauge' }, RELOAD_MS)).reading
  }

  async stop(): Promise<void> {
    try {
      await this.#child.ask({ type: 'stop' }, STOP_MS)
    } finally {
      this.#child.disconnect()
    }
  }
}
