/** What a signal asks the master for; each gets the signal's name. */
export interface SignalHandlers {
  readonly onReload: (signal: NodeJS.Signals) => void
  readonly onStop: (signal: NodeJS.Signals) => void
}

const RELOAD: readonly NodeJS.Signals[] = ['SIGUSR2', 'SIGHUP']
const STOP: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']

/** Handles the signals for as long as the process lives. */
export function handleSignals({ onReload, onStop }: SignalHandlers): void {
  for (const signal of RELOAD) process.on(signal, onReload)
  for (const signal of STOP) process.on(signal, onStop)
}
