import type { ControlStatus } from '../../control/steered.js'
import { asBoolean } from '../../options/checks.js'
import { steeringCommand, type CommandContext } from './client-command.js'
import { describeStatus } from './describe-status.js'
import { watchStatus } from './watch-status.js'

interface StatusSettings {
  readonly json: boolean
  readonly watch: boolean
}

export const statusCommand = steeringCommand<StatusSettings>(
  {
    name: 'status',
    text: 'shows the workers, or the upstreams of a proxy',
    flags: [
      { flags: '--json', text: 'as JSON: what GET /status answers', sets: 'json', read: asBoolean },
      {
        flags: '-w, --watch',
        text: 'once a second, until Ctrl+C; with --json a line each',
        sets: 'watch',
        read: asBoolean
      }
    ]
  },
  async (client, { json = false, watch = false }, context) => {
    if (watch) return watchStatus(client, json, context)
    context.print(`${show(await client.status(), json, context)}\n`)
    return 0
  }
)

function show(status: ControlStatus, json: boolean, { coloured }: CommandContext): string {
  return json ? JSON.stringify(status, null, 2) : describeStatus(status, coloured)
}
