import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { ControlStatus } from '../../control/steered.js'
import type { CommandContext } from './client-command.js'
import type { ControlClient } from './control-client.js'
import { describeStatus } from './describe-status.js'
import { formatAge } from './figures.js'

const EVERY_MS = 1000

const [CLEAR, HOME, END_OF_LINE, BELOW, HIDE, SHOW] = [
  '\x1b[2J',
  '\x1b[H',
  '\x1b[K',
  '\x1b[J',
  '\x1b[?25l',
  '\x1b[?25h'
]

/**
 * Shows the state once a second until it is interrupted: in place on a terminal, else one below the other. While
 * nobody answers, the last one stays, and it says how old it is; a program that starts anew is shown then.
 */
export async function watchStatus(
  client: ControlClient,
  json: boolean,
  context: CommandContext
): Promise<number> {
  const { print, coloured, isTerminal } = context
  const draw = (text: string): void => {
    if (json || !isTerminal) return print(`${text}\n`)
    print(`${HOME}${text.replaceAll('\n', `${END_OF_LINE}\n`)}${END_OF_LINE}\n${BELOW}`)
  }
  const show = (status: ControlStatus): string =>
    json ? JSON.stringify(status) : `${describeStatus(status, coloured)}\n`
  const stopped = new AbortController()
  const stop = Promise.race([
    once(process, 'SIGINT'),
    once(process, 'SIGTERM'),
    once(process.stdout, 'error')
  ])
  void stop.then(
    () => stopped.abort(),
    () => stopped.abort()
  )
  // The first must come.
  let last = show(await client.status())
  let lastAt = performance.now()
  if (isTerminal && !json) print(`${HIDE}${CLEAR}`)
  draw(last)
  while (await passed(EVERY_MS, stopped.signal)) {
    try {
      last = show(await client.status(EVERY_MS * 2))
      lastAt = performance.now()
      draw(last)
    } catch {
      const age = formatAge(performance.now() - lastAt)
      if (!json) draw(`${isTerminal ? `${last}\n` : ''}no answer for ${age}; trying again`)
    }
  }
  if (isTerminal && !json) print(SHOW)
  return 0
}

/** @returns false: it was stopped before */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false)
}
