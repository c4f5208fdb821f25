import type { ClientReport, FromClient, ToClient } from '../protocol.js'

/** Says that all is connected; then does the work as often as the bench asks, until it lets go. */
export function serveClient(
  connections: number,
  work: (seconds: number) => Promise<Omit<ClientReport, 'seconds'>>
): void {
  process.once('disconnect', () => process.exit())
  process.on('message', async ({ seconds }: ToClient) => {
    const start = performance.now()
    const report = await work(seconds)
    tell({ type: 'run', report: { ...report, seconds: (performance.now() - start) / 1000 } })
  })
  tell({ type: 'ready', connections })
}

function tell(message: FromClient): void {
  process.send?.(message)
}
