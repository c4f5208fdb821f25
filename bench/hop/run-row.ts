import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { markdownTable } from '../common/markdown.js'
import { HELLO } from './answers.js'
import type { CandidateName } from './candidates.js'
import type { TableRow } from './columns.js'
import { summarize, type Figures } from './figures.js'
import type { Bench, Row, RowName } from './row.js'
import { startBackends, Subject, type Backends } from './subject.js'
import { runWrk } from './wrk.js'

export interface RowResult {
  readonly name: RowName
  readonly title: string
  readonly results: readonly CandidateResult[]
  /** Who could not take part, and why. */
  readonly notes: readonly string[]
}

export interface CandidateResult extends TableRow {
  readonly label: string
  readonly rounds: readonly Figures[]
}

const WARM_UP_CONNECTIONS = 64

/** Runs one row: the candidates take turns by rounds, so that a slow spell of the machine meets all. */
export async function runRow(row: Row, bench: Bench): Promise<RowResult> {
  const title = row.title(bench.flags)
  const names = row.candidates.filter(name => bench.flags.candidates.includes(name))
  const entries = new Map<CandidateName, { label: string; hasHop: boolean; rounds: Figures[] }>()
  const notes: string[] = []
  const backends = await startBackends(bench.workshop)
  let subjects = new Map<CandidateName, Subject>()
  const open = async (name: CandidateName): Promise<Subject | undefined> => {
    const subject = await startWarm(name, backends, bench)
    if (typeof subject !== 'string') return subject
    notes.push(`${name} is left out: ${subject}`)
    return undefined
  }

  for (let round = 0; round < bench.flags.rounds; round++) {
    for (const name of rotate(names, round)) {
      if (round > 0 && !entries.has(name)) continue
      const subject = subjects.get(name) ?? (await open(name))
      if (subject === undefined) continue
      subjects.set(name, subject)
      const entry = entries.get(name) ?? { label: subject.label, hasHop: subject.hasHop, rounds: [] }
      entries.set(name, entry)
      const figures = await row.measure(subject, bench)
      entry.rounds.push(figures)
      console.error(`${row.name}, round ${round + 1}, ${name}: ${JSON.stringify(figures)}`)
      if (!row.fresh) continue
      await subject.stop()
      subjects.delete(name)
    }
  }
  await Promise.all([...subjects.values()].map(subject => subject.stop()))
  subjects = new Map()
  await backends.stop()

  const results = names.flatMap(candidate => {
    const entry = entries.get(candidate)
    return entry === undefined ? [] : [{ candidate, ...entry, figures: summarize(entry.rounds) }]
  })
  return { name: row.name, title, results, notes }
}

/** The title and the table, as Markdown. */
export function showRow({ columns }: Row, { title, results }: RowResult): string {
  // A column that compares says nothing without the one to compare with.
  const cells = columns.map(({ head, cell }) => [head, ...results.map(result => cell(result, results))])
  const shown = cells.filter(([, ...values]) => values.some(value => value !== '–'))
  const table = markdownTable(
    ['', ...shown.map(([head = '']) => head)],
    results.map(({ label }, i) => [label, ...shown.map(values => values[i + 1] ?? '')])
  )
  return `### ${title}\n\n${table}\n`
}

async function startWarm(
  name: CandidateName,
  backends: Backends,
  { workshop, flags }: Bench
): Promise<Subject | string> {
  const subject = await Subject.start(workshop, name, backends)
  if (typeof subject === 'string') return subject
  const { port } = subject
  // wrk looks at statuses only.
  await assertHello(subject)
  await runWrk(workshop, { port, connections: WARM_UP_CONNECTIONS, seconds: flags.warmUpSeconds })
  return subject
}

async function assertHello({ name, port }: Subject): Promise<void> {
  const request = get({ port, host: '127.0.0.1', agent: false })
  const [res] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(res)
  if (res.statusCode !== 200 || body !== HELLO)
    throw new Error(`${name} answers with ${res.statusCode ?? ''} ${JSON.stringify(body)}`)
}

function rotate<T>(values: readonly T[], by: number): T[] {
  const at = values.length === 0 ? 0 : by % values.length
  return [...values.slice(at), ...values.slice(0, at)]
}
