// The program that holds idle connections: every other one has sent one request, the rest none. When it is asked to,
// it sends one on each. Arguments: the port; how many.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { IdleConnection } from './idle-connection.js'
import type { FromIdle, IdleCount, IdleReport, ToIdle } from './protocol.js'

const [port = 0, wanted = 0] = process.argv.slice(2).map(Number)
/** So many connect, or are used, at once. */
const AT_ONCE = 100
/** An address has some 28,000 ports by default, of which others are used or waiting. */
const PER_ADDRESS = 5000
const MAX_PROBLEMS = 8

const used: IdleConnection[] = []
const unused: IdleConnection[] = []
const problems: string[] = []
let uses = 0
process.once('disconnect', () => process.exit())
process.on('message', ({ type }: ToIdle) => void useAll().then(report => tell({ type, report })))

await inTurns(
  Array.from({ length: wanted }, (_, i) => i),
  open
)
tell({ type: 'ready', opened: used.length + unused.length })

async function open(index: number): Promise<void> {
  try {
    const connection = await IdleConnection.open(port, `127.0.0.${1 + Math.floor(index / PER_ADDRESS)}`)
    if (index % 2 === 0) unused.push(connection)
    else if (note('at the start', await connection.use(`/first/${index}`))) used.push(connection)
  } catch (error) {
    note('at the start', String(error))
  }
}

async function useAll(): Promise<IdleReport> {
  // What the server has closed before is to be read before.
  await nextTurn()
  const latencies: number[] = []
  const report = { used: await useEach(used, latencies), unused: await useEach(unused, latencies) }
  return { ...report, latencies: Float64Array.from(latencies), problems }
}

async function useEach(connections: readonly IdleConnection[], latencies: number[]): Promise<IdleCount> {
  const open = connections.filter(({ end }) => note('while idle', end))
  let usable = 0
  await inTurns(open, async connection => {
    const start = performance.now()
    if (!note('at the end', await connection.use(`/last/${++uses}`))) return
    latencies.push(performance.now() - start)
    usable++
  })
  return { opened: connections.length, closed: connections.length - open.length, usable }
}

/** Whether nothing was wrong. */
function note(when: string, problem: string | undefined): boolean {
  if (problem !== undefined && problems.length < MAX_PROBLEMS) problems.push(`${when}: ${problem}`)
  return problem === undefined
}

async function inTurns<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < values.length; i += AT_ONCE) await Promise.all(values.slice(i, i + AT_ONCE).map(work))
}

function tell(message: FromIdle): void {
  process.send?.(message)
}
