import { parseWorkerCount } from '../../options/worker-count.js'
import { count } from '../format.js'
import { steeringCommand } from './client-command.js'

export const scaleCommand = steeringCommand<object>(
  {
    name: 'scale',
    text: 'changes the number of workers, and returns when the new ones are ready',
    first: [{ name: '<n>', text: "a number, or an expression such as 'cpus + 2'" }],
    flags: []
  },
  async (client, _settings, { out }, [n]) => {
    const workers = parseWorkerCount('<n>', n)
    await client.post('/scale', { workers })
    out.good(count(workers, 'worker'))
    return 0
  }
)
