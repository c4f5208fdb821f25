import { asBoolean } from '../../options/checks.js'
import { steeringCommand } from './client-command.js'
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
      {
        flags: '--json',
        text: 'as JSON, on one line: what GET /status answers',
        sets: 'json',
        read: asBoolean
      },
      {
        flags: '-w, --watch',
        text: 'once a second, until Ctrl+C',
        sets: 'watch',
        read: asBoolean
      }
    ]
  },
  async (client, { json = false, watch = false }, context) => {
    if (watch) return watchStatus(client, json, context)
    const status = await client.status()
    context.print(`${json ? JSON.stringify(status) : describeStatus(status, context.coloured)}\n`)
    return 0
  }
)
