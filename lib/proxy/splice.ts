import type { Duplex } from 'node:stream'

/** Once one side has ended, the other may stay silent for so long before both are closed. */
const LINGER_MS = 30_000

/**
 * Joins two sockets: what one receives the other sends, in both directions, with backpressure. An end
 * of one side is passed on as an end; an error or a close of one closes the other.
 *
 * @param onDone called once, when both are closed
 */
export function splice(a: Duplex, b: Duplex, onDone: () => void): void {
  let open = 2
  let linger: NodeJS.Timeout | undefined
  const close = (): void => {
    a.destroy()
    b.destroy()
  }
  const endAfter = (to: Duplex): void => {
    to.end()
    linger ??= setTimeout(close, LINGER_MS)
  }
  for (const [from, to] of [
    [a, b],
    [b, a]
  ] as const) {
    from
      .on('error', close)
      .on('data', () => linger?.refresh())
      .on('end', () => endAfter(to))
      .on('close', () => {
        // What was received before the close is still to be sent.
        if (to.writableLength === 0) to.destroy()
        else endAfter(to.once('finish', () => to.destroy()))
        if (--open > 0) return
        clearTimeout(linger)
        onDone()
      })
    from.pipe(to, { end: false })
  }
}
