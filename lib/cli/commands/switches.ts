import type { SwitchResult } from '../../control/steered.js'
import { formatMs } from '../format.js'
import { steeringCommand } from './client-command.js'
import { describeGeneration } from './describe-status.js'

function switchCommand(name: 'promote' | 'rollback', text: string): ReturnType<typeof steeringCommand> {
  return steeringCommand<object>({ name, text, flags: [] }, async (client, _settings, { out }) => {
    const { generation, version, durationMs } = (await client.post(`/${name}`)) as SwitchResult
    out.good(`${describeGeneration(generation, version)} serves after ${formatMs(durationMs)}`)
    return 0
  })
}

export const promoteCommand = switchCommand('promote', 'gives the generation that waits all requests')

export const rollbackCommand = switchCommand('rollback', 'brings the previous generation back')

export const abortCommand = steeringCommand<object>(
  { name: 'abort', text: 'ends the generation that waits', flags: [] },
  async (client, _settings, { out }) => {
    await client.post('/abort')
    out.good('the generation that waited is gone')
    return 0
  }
)
