import { asBoolean } from '../../options/checks.js'
import { parseDuration } from '../../options/duration.js'
import { count } from '../format.js'
import { steeringCommand } from './client-command.js'

interface PauseSettings {
  readonly wait: boolean
  readonly timeout: number
  readonly holdTimeout: number
}

export const pauseCommand = steeringCommand<PauseSettings>(
  {
    name: 'pause',
    text: 'holds requests from now on, and returns when nothing is in flight any more',
    flags: [
      { flags: '--no-wait', text: 'returns at once', sets: 'wait', read: asBoolean },
      {
        flags: '-t, --timeout <time>',
        text: 'how long to wait for what is in flight, 0 for no limit (default: 30s)',
        sets: 'timeout',
        read: parseDuration
      },
      {
        flags: '--hold-timeout <time>',
        text: 'how long each request may be held, 0 for no limit (default: that of the program)',
        sets: 'holdTimeout',
        read: parseDuration
      }
    ],
    more: 'Exit codes: 0 nothing is in flight, 1 something still is, 2 wrong usage.'
  },
  async (client, settings, { out }) => {
    const result = (await client.post('/pause', settings)) as { drained?: boolean; remaining?: number }
    if (settings.wait === false) out.good('requests are held')
    else if (result.drained === true) out.good('requests are held, and nothing is in flight')
    else out.error(`requests are held, but ${count(result.remaining ?? 0, 'request')} did not end in time`)
    return settings.wait === false || result.drained === true ? 0 : 1
  }
)
