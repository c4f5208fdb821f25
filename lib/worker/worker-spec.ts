import type { WorkerSpec } from './fork-worker.js'
import type { Generation } from './generation.js'

/** What a worker gets of its fleet. */
export interface FleetParts extends Pick<WorkerSpec, 'nextBind' | 'guard' | 'echo'> {
  readonly clientField: string | undefined
}

/** How to start a worker of this generation. */
export function workerSpec(
  { number, version, release, options }: Generation,
  slot: number,
  { clientField, ...parts }: FleetParts
): WorkerSpec {
  return {
    start: {
      type: 'up:start',
      file: release.file,
      args: options.args,
      requires: options.requires,
      title: options.title,
      assumeReady: options.assumeReady,
      clientField
    },
    generation: number,
    slot,
    version,
    cwd: release.cwd,
    env: options.env,
    execArgv: options.execArgv,
    readyTimeoutMs: options.readyTimeoutMs,
    killTimeoutMs: options.killTimeoutMs,
    lingerMs: options.balance.policy === 'sticky' ? options.balance.lingerMs : 0,
    pingIntervalMs: options.workerPingIntervalMs,
    unresponsiveTimeoutMs: options.unresponsiveTimeoutMs,
    output: options.output,
    ...parts
  }
}
