import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { UpServer } from '#lib/server/up-server.js'
import type { UpServerEvents } from '#lib/server/api.js'
import type { Worker } from '#lib/worker/worker.js'

/** How long anything that a test waits for may take, in milliseconds. */
const PATIENCE_MS = 15_000

/** Resolves as `promise` does; rejects when that takes too long. */
export async function within<T>(promise: Promise<T>, what: string, ms = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when the condition holds: for what tells nobody, such as the state of other processes. */
export async function until(condition: () => boolean, ms = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`after ${ms} ms still not: ${condition.toString()}`)
    await delay(10)
  }
}

/** The argument of the server's next event of this name. */
export function nextEvent<K extends keyof UpServerEvents>(
  srv: UpServer,
  name: K
): Promise<Parameters<UpServerEvents[K]>[0]> {
  return events(srv, name, 1).then(([value]) => value as Parameters<UpServerEvents[K]>[0])
}

/** The arguments of the server's next `count` events of this name. */
export function events<K extends keyof UpServerEvents>(
  srv: UpServer,
  name: K,
  count: number
): Promise<Parameters<UpServerEvents[K]>[0][]> {
  const seen: Parameters<UpServerEvents[K]>[0][] = []
  let stop = (): void => {}
  const all = new Promise<typeof seen>(resolve => {
    const listen = (value: Parameters<UpServerEvents[K]>[0]): void => {
      seen.push(value)
      if (seen.length === count) resolve(seen)
    }
    srv.on(name, listen)
    stop = () => srv.off(name, listen)
  })
  return within(all, `${count} times the event '${name}'`).finally(() => stop())
}

/** The next message that the worker's app sends to its master by `process.send`. */
export async function message(worker: Worker, text: string): Promise<void> {
  const all = new Promise<void>(resolve => {
    const listen = (received: unknown): void => {
      if (received !== text) return
      worker.proc.off('message', listen)
      resolve()
    }
    worker.proc.on('message', listen)
  })
  await within(all, `the message '${text}' of worker ${worker.pid ?? ''}`)
}

/** Resolves when the process has ended. */
export async function exited(proc: ChildProcess): Promise<void> {
  if (proc.exitCode === null && proc.signalCode === null) await within(once(proc, 'exit'), 'the exit')
}
