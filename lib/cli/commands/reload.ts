import type { ProxyReload, SwitchResult } from '../../control/steered.js'
import { OptionError } from '../../errors.js'
import { asBoolean } from '../../options/checks.js'
import { formatMs } from '../format.js'
import { steeringCommand } from './client-command.js'
import { CallError } from './control-client.js'
import { describeGeneration, isApp } from './describe-status.js'
import { ReloadProgress } from './reload-progress.js'

interface ReloadSettings {
  readonly standby: boolean
  readonly canary: number
  readonly keepPrevious: boolean
}

/** How long events may be behind the answer, in milliseconds. */
const EVENTS_MS = 500

export const reloadCommand = steeringCommand<ReloadSettings>(
  {
    name: 'reload',
    text: 'replaces the workers by new ones, which load the code anew, and waits until these serve',
    flags: [
      {
        flags: '--standby',
        text: 'the new workers wait for up promote, or up abort',
        sets: 'standby',
        read: asBoolean
      },
      {
        flags: '--canary <share>',
        text: 'the same, with a share of the clients meanwhile, such as 5% or 0.05',
        sets: 'canary',
        read: asShare
      },
      {
        flags: '--keep-previous',
        text: 'the old workers stay, for up rollback',
        sets: 'keepPrevious',
        read: asBoolean
      }
    ],
    more: 'Of up proxy it reads the configuration file anew.\n\nExit codes: 0 the new code serves, 1 it does not and the old one serves on, 2 wrong usage.'
  },
  async (client, settings, { out }) => {
    const before = await client.status()
    const progress = new ReloadProgress(before, out)
    const stop = await client.events(event => progress.onEvent(event))
    try {
      if (isApp(before))
        out.info(`reloading ${before.name}: ${describeGeneration(before.generation, before.version)} serves`)
      const result = (await client.post('/reload', settings)) as SwitchResult | ProxyReload
      await Promise.race([progress.over, new Promise(resolve => setTimeout(resolve, EVENTS_MS).unref())])
      const { durationMs, notApplied = [] } = result
      const waits = settings.standby === true || settings.canary !== undefined
      const does = waits ? 'waits for up promote, or up abort,' : 'serves'
      const what =
        'generation' in result ? describeGeneration(result.generation, result.version) : 'the configuration'
      out.good(`${what} ${does} after ${formatMs(durationMs)}`)
      if (notApplied.length > 0) out.warn(`other settings need a restart: ${notApplied.join(', ')}`)
      return 0
    } catch (error) {
      if (!(error instanceof CallError) || error.remoteCode !== 'UP_ERR_RELOAD') throw error
      out.error(error.message)
      const now = await client.status()
      if (isApp(now)) out.info(`${describeGeneration(now.generation, now.version)} serves on`)
      return 1
    } finally {
      stop()
    }
  }
)

/** A share as the API has it: `5%` is 0.05. */
function asShare(name: string, value: unknown): number {
  const [, digits, percent] = /^(\d*\.?\d+)(%?)$/.exec(String(value)) ?? []
  const share = Number(digits) / (percent === '%' ? 100 : 1)
  if (share > 0 && share < 1) return share
  throw new OptionError(name, value, 'a share of the clients: more than 0 and less than 1, or such as 5%')
}
