import { setTimeout as delay } from 'node:timers/promises'
import { asBoolean } from '../../options/checks.js'
import { steeringCommand } from './client-command.js'
import { CallError, isGone, type ControlClient } from './control-client.js'

interface StopSettings {
  readonly wait: boolean
}

/** How often it is looked whether the program is still there, in milliseconds. */
const EVERY_MS = 100
/** How long a process may take to end once nobody answers any more, in milliseconds. */
const EXIT_MS = 5000

export const stopCommand = steeringCommand<StopSettings>(
  {
    name: 'stop',
    text: 'ends the program when what is in flight is done, and returns when it is gone',
    flags: [{ flags: '--no-wait', text: 'returns at once', sets: 'wait', read: asBoolean }]
  },
  async (client, { wait = true }, { out }) => {
    const { pid, name } = await client.status()
    await client.post('/stop')
    if (!wait) {
      out.good(`${name} is stopping`)
      return 0
    }
    while (await answers(client, pid)) await delay(EVERY_MS)
    // One whose parent takes no note of its end stays in the list of processes.
    const deadline = performance.now() + EXIT_MS
    while (isThere(pid) && performance.now() < deadline) await delay(EVERY_MS)
    out.good(`${name} has stopped`)
    return 0
  }
)

/** Whether this very process answers: another may have its name at once. */
async function answers(client: ControlClient, pid: number): Promise<boolean> {
  try {
    return (await client.status()).pid === pid
  } catch (error) {
    // One that has just begun refuses.
    if (error instanceof CallError || isGone(error)) return false
    throw error
  }
}

function isThere(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
