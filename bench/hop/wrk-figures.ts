import { cpuFigures, type Figures } from './figures.js'
import type { Subject } from './subject.js'
import type { Workshop } from '../common/workshop.js'
import { runWrk, type WrkOptions } from './wrk.js'

/** What a run of wrk costs a candidate. */
export async function wrkFigures(
  subject: Subject,
  workshop: Workshop,
  options: Omit<WrkOptions, 'port'>
): Promise<Figures> {
  const { port } = subject
  const { result, cpu } = await subject.accounted(() => runWrk(workshop, { port, ...options }))
  const done = result.requests - result.statuses
  return {
    done,
    failed: result.statuses + result.broken,
    ...cpuFigures(cpu, done),
    perSecond: done / result.seconds,
    p50: result.p50,
    p99: result.p99
  }
}
