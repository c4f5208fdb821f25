import type { AccessEntry } from 'up-server'

/** What an entry says, without what differs from one run to the next. */
export function comparableEntry(entry: AccessEntry): object {
  const { id, at, durationMs, heldMs, upstreamMs, worker, ...rest } = entry
  const isTimed = at > 0 && durationMs >= heldMs + (upstreamMs ?? 0) - 1
  const isNew = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
  return {
    ...rest,
    id: isNew ? 'new' : id,
    isTimed,
    wasHeld: heldMs > 0,
    hadWorker: worker !== null,
    hadTime: upstreamMs !== null
  }
}
