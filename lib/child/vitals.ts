import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Vitals } from '../worker/messages.js'

/** How often the master is told, in milliseconds. */
const EVERY_MS = 1000
/** How fine delays are measured, in milliseconds: each measurement wakes the process. */
const RESOLUTION_MS = 20

/** Tells from now on how this process does. It keeps nothing alive. */
export function followVitals(tell: (vitals: Vitals) => void): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let cpu = process.cpuUsage()
  let since = performance.now()
  setInterval(() => {
    const { user, system } = process.cpuUsage(cpu)
    const now = performance.now()
    const cpuPercent = (user + system) / 10 / (now - since)
    cpu = process.cpuUsage()
    since = now
    // It measures from one timer to the next, its own time included; without any there is no number.
    const lagMs = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS) || 0
    delays.reset()
    tell({ cpuPercent, memoryBytes: process.memoryUsage.rss(), lagMs })
  }, EVERY_MS).unref()
}
