import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

interface Watch {
  readonly onGone: Set<() => void>
  readonly end: () => void
}

/** Several requests of one connection may wait, when they are pipelined; also in different lines. */
const watches = new WeakMap<Duplex, Watch>()

/**
 * Tells when the client leaves. That it has ended its side tells nothing: it may still want its answer. What limits
 * its silence does not count while it waits for us.
 *
 * @returns stops that, for this request
 */
export function watchHeld(client: Duplex, onGone: () => void): () => void {
  const watch = watches.get(client) ?? begin(client)
  watch.onGone.add(onGone)
  return () => {
    watch.onGone.delete(onGone)
    if (watch.onGone.size === 0) watch.end()
  }
}

function begin(client: Duplex): Watch {
  const onGone = new Set<() => void>()
  const onClose = (): void => {
    for (const tell of [...onGone]) tell()
  }
  const timeoutMs = client instanceof Socket ? (client.timeout ?? 0) : 0
  if (client instanceof Socket && timeoutMs > 0) client.setTimeout(0)
  client.once('close', onClose)
  const watch: Watch = {
    onGone,
    end() {
      watches.delete(client)
      client.removeListener('close', onClose)
      if (client instanceof Socket && timeoutMs > 0 && !client.destroyed) client.setTimeout(timeoutMs)
    }
  }
  watches.set(client, watch)
  return watch
}
