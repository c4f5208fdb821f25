import { setTimeout as delay } from 'node:timers/promises'
import { Gauge } from './gauge.js'
import type { FromMaster, Setup, ToMaster } from './protocol.js'

/** What the bench does with a master, whoever's it is. */
export interface Master {
  readonly port: number
  readonly version?: string
  /** So many there are when no reload is under way. */
  readonly numWorkers: number
  /** All that live, old ones included. */
  readonly countWorkers: () => number
  readonly reload: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** How long a master may take to end after the bench, in milliseconds. */
const STOP_MS = 5000
/** Old workers that are still there then will hardly leave. */
const SETTLE_LIMIT_MS = 40_000
const LOOK_MS = 5

export function readSetup(): Setup {
  return JSON.parse(process.argv[2] ?? '') as Setup
}

/** There is nothing to measure here. */
export function tellUnavailable(why: string): void {
  tell({ type: 'started', unavailable: why })
}

/** Lets the bench drive this master. */
export function serveBench(master: Master): void {
  const { port, version, numWorkers } = master
  const gauge = new Gauge(master.countWorkers)
  let reloadedAt = performance.now()
  process.on('message', (message: ToMaster) => {
    answer(message).then(tell, (error: unknown) => tell({ type: 'failed', message: String(error) }))
  })
  // The bench lets go, or is gone; whatever keeps us busy, our processes must not outlive it for long.
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), STOP_MS)
    void master.stop().finally(() => process.exit())
  })
  tell({ type: 'started', running: { port, ...(version === undefined ? {} : { version }) } })

  async function answer({ type }: ToMaster): Promise<FromMaster> {
    switch (type) {
      case 'gauge':
        return { type, reading: gauge.read() }
      case 'reload':
        reloadedAt = performance.now()
        await master.reload()
        return { type, tookMs: performance.now() - reloadedAt }
      case 'settle':
        return { type, tookMs: await settle() }
    }
  }

  async function settle(): Promise<number> {
    for (;;) {
      const tookMs = performance.now() - reloadedAt
      if (master.countWorkers() <= numWorkers) return tookMs
      if (tookMs > SETTLE_LIMIT_MS) return Infinity
      await delay(LOOK_MS)
    }
  }
}

function tell(message: FromMaster): void {
  if (process.connected) process.send?.(message)
}
