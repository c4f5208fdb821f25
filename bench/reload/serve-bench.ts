import { Gauge } from './gauge.js'
import type { FromMaster, ToMaster } from './protocol.js'

/** What the bench does with a master, whoever's it is. */
export interface Master {
  readonly port: number
  readonly countWorkers: () => number
  readonly reload: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** How long a master may take to end after the bench, in milliseconds. */
const STOP_MS = 5000

/** Lets the bench drive this master. */
export function serveBench(master: Master): void {
  const gauge = new Gauge(master.countWorkers)
  process.on('message', (message: ToMaster) => {
    answer(message).then(tell, (error: unknown) => tell({ type: 'failed', message: String(error) }))
  })
  // The bench is gone; whatever keeps us busy, its processes must not outlive it for long.
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), STOP_MS)
    void master.stop().finally(() => process.exit(1))
  })
  tell({ type: 'listening', port: master.port })

  async function answer({ type }: ToMaster): Promise<FromMaster> {
    if (type === 'gauge') return { type, reading: gauge.read() }
    if (type === 'reload') {
      const start = performance.now()
      await master.reload()
      return { type, tookMs: performance.now() - start }
    }
    await master.stop()
    return { type }
  }
}

function tell(message: FromMaster): void {
  if (process.connected) process.send?.(message)
}
