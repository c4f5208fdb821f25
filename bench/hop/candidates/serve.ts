import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { processTree } from '../cpu-time.js'
import type { FromCandidate, Processes, Setup } from '../protocol.js'

export const HOST = '127.0.0.1'
/** All that the bench connects at once may wait. */
export const BACKLOG = 4096
/** As long as nginx keeps an idle connection by default. */
export const KEEP_ALIVE_MS = 75_000

export function readSetup(): Setup {
  return JSON.parse(process.argv[2] ?? '') as Setup
}

/** Lets a node:http server listen as all candidates do; resolves with the port. */
export async function listen(server: Server): Promise<number> {
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen({ port: 0, host: HOST, backlog: BACKLOG })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** The processes of a hop that is this process and what it started, apart from its workers. */
export function hopWith(workers: readonly number[], root = process.pid): number[] {
  return processTree(root).filter(pid => !workers.includes(pid))
}

/** Tells the bench; when it lets go of the channel, or is gone, `stop` is awaited before the process ends. */
export function tellStarted(running: Processes, stop: () => Promise<unknown>): void {
  const leave = (): void => void stop().finally(() => process.exit())
  if (!process.connected) return leave()
  process.once('disconnect', leave)
  tell({ type: 'started', running })
}

/** There is nothing to measure here. */
export function tellUnavailable(why: string): void {
  tell({ type: 'started', unavailable: why })
}

function tell(message: FromCandidate): void {
  process.send?.(message)
}
