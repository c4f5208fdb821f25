import { badge, el, setBadge, setText } from './dom.js'
import { formatAge, formatBytes, formatCount, formatMs, formatPercent, plural } from './format.js'
import type { AppStatus, Happened, WorkerRow } from './types.js'

/** How long one that is gone stays in the table, in milliseconds. */
const GONE_MS = 4000

type Cell = (worker: WorkerRow) => string

const COLUMNS: readonly (readonly [title: string, cell: Cell])[] = [
  ['Age', ({ ageMs }) => formatAge(ageMs)],
  ['In flight', ({ inFlight }) => formatCount(inFlight)],
  ['Requests', ({ requests }) => formatCount(requests)],
  ['Errors', ({ errors }) => formatCount(errors)],
  ['p99', ({ p99Ms }) => formatMs(p99Ms)],
  ['CPU', ({ cpuPercent }) => formatPercent(cpuPercent)],
  ['Memory', ({ memoryBytes }) => formatBytes(memoryBytes)],
  ['Upgrades', ({ upgrades }) => formatCount(upgrades)],
  ['Connections', ({ connections }) => formatCount(connections)]
]

/** A worker's row, for as long as it is shown. */
interface Row {
  readonly tr: HTMLTableRowElement
  readonly state: HTMLElement
  readonly cells: readonly HTMLElement[]
  readonly generation: number
  /** When it was seen to be gone, in milliseconds since the page was opened. */
  goneAt: number | undefined
}

interface Group {
  readonly body: HTMLTableSectionElement
  readonly title: HTMLElement
  readonly role: HTMLElement
}

/** The workers by generation, the newest first, as they come, serve, drain and go. */
export class WorkersTable {
  readonly #table: HTMLTableElement
  readonly #rows = new Map<number, Row>()
  readonly #groups = new Map<number, Group>()

  constructor(table: HTMLTableElement) {
    this.#table = table
    const titles = ['State', 'Process', ...COLUMNS.map(([title]) => title)]
    table.append(el('thead', {}, el('tr', {}, ...titles.map(title => el('th', { scope: 'col' }, title)))))
  }

  show(status: AppStatus): void {
    const seen = new Set<number>()
    for (const worker of status.workers) {
      // There is no process yet, or there never was one.
      if (worker.pid === null) continue
      seen.add(worker.pid)
      this.#showWorker(worker.pid, worker, status)
    }
    for (const [pid, row] of this.#rows) if (!seen.has(pid)) this.#setGone(row, 'gone')
    this.#showGroups(status)
    this.sweep()
  }

  /** Tells of the end of one before the state does. */
  onEvent({ type, pid, code, signal }: Happened): void {
    const row = this.#rows.get(pid ?? -1)
    if (row === undefined) return
    if (type === 'retire') setBadge(row.state, 'draining', 'draining')
    if (type === 'terminate')
      this.#setGone(row, code === 0 || code == null ? (signal ?? 'gone') : `exit ${code}`)
  }

  /** Takes those away that have been gone for some seconds. */
  sweep(): void {
    const now = performance.now()
    for (const [pid, { tr, goneAt }] of this.#rows) {
      if (goneAt === undefined || now - goneAt < GONE_MS) continue
      tr.remove()
      this.#rows.delete(pid)
    }
    for (const [generation, { body }] of this.#groups) {
      if (body.rows.length > 1) continue
      body.remove()
      this.#groups.delete(generation)
    }
  }

  clear(): void {
    for (const row of this.#rows.values()) row.goneAt = -Infinity
    this.sweep()
  }

  #showWorker(pid: number, worker: WorkerRow, status: AppStatus): void {
    const row = this.#rows.get(pid) ?? this.#addRow(pid, worker)
    row.goneAt = undefined
    row.tr.classList.remove('gone')
    setBadge(row.state, ...stateOf(worker, status))
    for (const [i, [, cell]] of COLUMNS.entries()) {
      const td = row.cells[i]
      if (td !== undefined) setText(td, cell(worker))
    }
  }

  #addRow(pid: number, { generation }: WorkerRow): Row {
    const state = badge('', '')
    const cells = COLUMNS.map(([title]) => el('td', { 'data-label': title }))
    const tr = el(
      'tr',
      { 'data-pid': String(pid) },
      el('td', { class: 'state-cell' }, state),
      el('th', { scope: 'row' }, String(pid)),
      ...cells
    )
    const row: Row = { tr, state, cells, generation, goneAt: undefined }
    this.#rows.set(pid, row)
    this.#group(generation).body.append(tr)
    return row
  }

  #setGone(row: Row, text: string): void {
    if (row.goneAt !== undefined) return
    row.goneAt = performance.now()
    row.tr.classList.add('gone')
    setBadge(row.state, 'gone', text)
  }

  #group(generation: number): Group {
    const found = this.#groups.get(generation)
    if (found !== undefined) return found
    const title = el('span')
    const role = el('span', { class: 'quiet' })
    const head = el('th', { scope: 'rowgroup', colspan: String(COLUMNS.length + 2) }, title, ' ', role)
    const body = el('tbody', {}, el('tr', { class: 'group' }, head))
    const group = { body, title, role }
    this.#groups.set(generation, group)
    const older = [...this.#groups].filter(([number]) => number < generation).sort(([a], [b]) => b - a)[0]
    this.#table.insertBefore(body, older?.[1].body ?? null)
    return group
  }

  #showGroups(status: AppStatus): void {
    for (const [generation, { title, role }] of this.#groups) {
      const version = status.workers.find(worker => worker.generation === generation)?.version
      const alive = [...this.#rows.values()].filter(
        row => row.generation === generation && row.goneAt === undefined
      ).length
      if (alive > 0)
        setText(title, `Generation ${generation}${version == null ? '' : `, version ${version}`}`)
      setText(role, `${roleOf(generation, status)}${plural(alive, 'worker')}`)
    }
  }
}

function stateOf(worker: WorkerRow, { standby, canary }: AppStatus): [kind: string, text: string] {
  if (worker.state === 'spawning') return ['starting', 'starting']
  if (worker.state === 'terminating') return ['draining', 'draining']
  if (worker.state === 'terminated') return ['gone', 'gone']
  if (canary?.generation === worker.generation) return ['serving', 'canary']
  if (standby?.generation === worker.generation) return ['waiting', 'waiting']
  return ['serving', 'serving']
}

function roleOf(generation: number, { generation: current, standby, canary }: AppStatus): string {
  if (generation === current) return 'current, '
  if (canary?.generation === generation) return `has ${Math.round(canary.share * 100)} % of the clients, `
  if (standby?.generation === generation) return 'waits to be promoted, '
  return ''
}
