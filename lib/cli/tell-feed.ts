import { UpError } from '../errors.js'
import type { Feed } from '../control/feed.js'
import type { ExitReason } from '../metrics/lives.js'
import type { ProxyServer } from '../server/proxy-server.js'
import type { UpServer } from '../server/up-server.js'
import type { Worker } from '../worker/worker.js'

/** Puts what happens to an app and its workers on a feed, as plain data. */
export function tellApp(srv: UpServer, feed: Feed): void {
  const lives = new WeakMap<Worker, 'ready' | 'retired'>()
  srv
    .on('spawn', worker => {
      lives.set(worker, 'ready')
      feed.tell('spawn', { ...named(worker), readyMs: Math.round(worker.ageMs) })
    })
    .on('retire', worker => {
      lives.set(worker, 'retired')
      feed.tell('retire', named(worker))
    })
    .on('terminate', worker => {
      const { exitCode: code, signalCode: signal, ageMs } = worker
      const reason = exitReason(lives.get(worker), signal)
      feed.tell('terminate', { ...named(worker), code, signal, reason, ageMs: Math.round(ageMs) })
    })
    .on('reload', ({ generation, version = null }) => feed.tell('switch', { generation, version }))
    .on('standby', ({ generation, version = null }) => feed.tell('standby', { generation, version }))
    .on('pause', ({ pausedBy }) => feed.tell('pause', { pausedBy }))
    .on('resume', () => feed.tell('resume', {}))
    .on('listening', port => feed.tell('listening', port))
    .on('fail', error => feed.tell('fail', described(error)))
}

/** The same of a proxy and its upstreams. */
export function tellProxy(srv: ProxyServer, feed: Feed): void {
  srv
    .on('available', ({ name }) => feed.tell('available', { name }))
    .on('unavailable', ({ name }, reason) => feed.tell('unavailable', { name, reason: reason.message }))
    .on('pause', ({ pausedBy }) => feed.tell('pause', { pausedBy }))
    .on('resume', () => feed.tell('resume', {}))
}

/** An error as plain data. */
export function described(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error)
  return { code: error instanceof UpError ? error.code : 'UP_ERR_INTERNAL', message }
}

/**
 * Why a worker's process is gone: `retired`, nobody wanted it any more; `start`, before it was ready; `signal`,
 * somebody ended it, us included when it did not answer; `crashed`, by itself.
 */
function exitReason(life: 'ready' | 'retired' | undefined, signal: NodeJS.Signals | null): ExitReason {
  if (life === undefined) return 'start'
  if (life === 'retired') return 'retired'
  return signal === null ? 'crashed' : 'signal'
}

function named({ pid, generation, version }: Worker): object {
  return { pid: pid ?? null, generation, version: version ?? null }
}
