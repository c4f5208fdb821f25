/** What a signal asks the master for; each gets the signal's name. */
export interface SignalHandlers {
  readonly onReload: (signal: NodeJS.Signals) => void
  readonly onStop: (signal: NodeJS.Signals) => void
}

const RELOAD: readonly NodeJS.Signals[] = ['SIGUSR2', 'SIGHUP']
const STOP: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']
/**
 * Signals that come within such a time, in milliseconds, are one: `timeout` sends its own to a process and to its group,
 * and so does a terminal below npm. A second one would cut off what is in flight, and nobody has meant that.
 */
const SAME_MS = 200

/** Handles the signals for as long as the process lives. */
export function handleSignals({ onReload, onStop }: SignalHandlers): void {
  let stopped = -Infinity
  const stop = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (now - stopped < SAME_MS) return
    stopped = now
    onStop(signal)
  }
  for (const signal of RELOAD) process.on(signal, onReload)
  for (const signal of STOP) process.on(signal, stop)
}
