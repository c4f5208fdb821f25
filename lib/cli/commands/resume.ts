import { OptionError } from '../../errors.js'
import { count } from '../format.js'
import { steeringCommand } from './client-command.js'

interface ResumeSettings {
  readonly rate: number
}

export const resumeCommand = steeringCommand<ResumeSettings>(
  {
    name: 'resume',
    text: 'lets the requests that are held go on',
    flags: [
      {
        flags: '--rate <count>',
        text: 'how many of them each second (default: all at once)',
        sets: 'rate',
        read: (name, value) => {
          const rate = Number(value)
          if (rate > 0 && rate <= 1_000_000) return rate
          throw new OptionError(name, value, 'a number of requests a second, more than 0, to 1000000')
        }
      }
    ]
  },
  async (client, settings, { out }) => {
    const { held } = await client.status()
    await client.post('/resume', settings)
    const { pausedBy } = await client.status()
    if (pausedBy.length > 0) out.warn(`requests are still held, by ${pausedBy.join(' and ')}`)
    else out.good(`serving again, ${count(held, 'request')} ${held === 1 ? 'was' : 'were'} held`)
    return pausedBy.length > 0 ? 1 : 0
  }
)
