// The program of a load process: many clients, in a process of their own.
import { Client } from './client.js'
import type { FromLoad, ToLoad } from './protocol.js'
import { Tally } from './tally.js'

const tally = new Tally()
const clients: Client[] = []
let running: Promise<unknown> = Promise.resolve()

process.on('message', (message: ToLoad) => {
  if (message.type === 'start') start(message)
  else void stop()
})
process.once('disconnect', () => process.exit(1))

function start(plan: ToLoad & { type: 'start' }): void {
  for (let i = 0; i < plan.connections; i++) clients.push(new Client(plan.port, 'get', tally))
  for (let i = 0; i < plan.uploads; i++) {
    clients.push(new Client(plan.port, i % 2 === 0 ? 'length' : 'chunked', tally))
  }
  running = Promise.all(clients.map(client => client.run()))
  tell({ type: 'start' })
}

async function stop(): Promise<void> {
  for (const client of clients) client.stop()
  await running
  tell({ type: 'stop', report: tally.report() })
}

function tell(message: FromLoad): void {
  process.send?.(message)
}
