import { OptionError } from '../../errors.js'
import { asString } from '../../options/checks.js'
import { parseDuration } from '../../options/duration.js'
import { count } from '../format.js'
import { steeringCommand } from './client-command.js'
import { describeStatus } from './describe-status.js'

interface UpstreamsSettings {
  readonly add: string
  readonly remove: string
  readonly drain: string
  readonly timeout: number
}

const VERBS = ['add', 'remove', 'drain'] as const

export const upstreamsCommand = steeringCommand<UpstreamsSettings>(
  {
    name: 'upstreams',
    text: 'shows the upstreams of up proxy, or changes them',
    flags: [
      {
        flags: '--add <upstream>',
        text: 'one more, as of up proxy; or one that was drained',
        sets: 'add',
        read: asString
      },
      {
        flags: '--remove <upstream>',
        text: 'it gets no more requests, and is forgotten',
        sets: 'remove',
        read: asString
      },
      {
        flags: '--drain <upstream>',
        text: 'it gets no more requests; returns when nothing is in flight there',
        sets: 'drain',
        read: asString
      },
      {
        flags: '-t, --timeout <time>',
        text: 'how long to wait for that, 0 for no limit (default: 0)',
        sets: 'timeout',
        read: parseDuration,
        needs: '--drain'
      }
    ]
  },
  async (client, settings, { out, print, coloured }) => {
    const [first, second] = VERBS.filter(verb => settings[verb] !== undefined)
    if (second !== undefined)
      throw new OptionError(`--${second}`, settings[second], `absent, as --${String(first)} is given`)
    const result = first === undefined ? {} : ((await client.post('/upstreams', settings)) as Drained)
    if (first === undefined) {
      print(`${describeStatus(await client.status(), coloured)}\n`)
      return 0
    }
    const name = settings[first] ?? ''
    if (first === 'drain' && result.drained !== true) {
      out.error(
        `${name} gets no more requests, but ${count(result.remaining ?? 0, 'request')} did not end in time`
      )
      return 1
    }
    out.good(`${name} ${DONE[first]}`)
    return 0
  }
)

interface Drained {
  readonly drained?: boolean
  readonly remaining?: number
}

const DONE = {
  add: 'is added',
  remove: 'is removed',
  drain: 'is drained: nothing is in flight there'
} as const
