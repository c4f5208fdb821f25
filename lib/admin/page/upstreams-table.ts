import { badge, el, setBadge, setText } from './dom.js'
import { formatCount, formatMs } from './format.js'
import type { ProxyStatus, UpstreamRow } from './types.js'

const KINDS: Readonly<Record<UpstreamRow['state'], string>> = {
  available: 'serving',
  unavailable: 'failed',
  draining: 'draining',
  removed: 'gone'
}

const COLUMNS: readonly (readonly [title: string, cell: (upstream: UpstreamRow) => string])[] = [
  ['In flight', ({ inFlight }) => formatCount(inFlight)],
  ['Requests', ({ requests }) => formatCount(requests)],
  ['Errors', ({ errors }) => formatCount(errors)],
  ['p99', ({ p99Ms }) => formatMs(p99Ms)],
  ['Upgrades', ({ upgrades }) => formatCount(upgrades)],
  ['Role', ({ backup, weight }) => (backup ? 'backup' : weight === 1 ? '–' : `weight ${weight}`)],
  ['Why', ({ reason }) => reason ?? '–']
]

interface Row {
  readonly tr: HTMLTableRowElement
  readonly state: HTMLElement
  readonly cells: readonly HTMLElement[]
}

/** The upstreams of a proxy. */
export class UpstreamsTable {
  readonly #body = el('tbody')
  readonly #rows = new Map<string, Row>()

  constructor(table: HTMLTableElement) {
    const titles = ['State', 'Upstream', ...COLUMNS.map(([title]) => title)]
    const head = el('tr', {}, ...titles.map(title => el('th', { scope: 'col' }, title)))
    table.append(el('thead', {}, head), this.#body)
  }

  show({ upstreams }: ProxyStatus): void {
    for (const [name, { tr }] of this.#rows) {
      if (upstreams.some(upstream => upstream.name === name)) continue
      tr.remove()
      this.#rows.delete(name)
    }
    for (const upstream of upstreams) {
      const { state, cells } = this.#rows.get(upstream.name) ?? this.#addRow(upstream.name)
      setBadge(state, KINDS[upstream.state], upstream.state)
      for (const [i, [, cell]] of COLUMNS.entries()) {
        const td = cells[i]
        if (td !== undefined) setText(td, cell(upstream))
      }
    }
  }

  #addRow(name: string): Row {
    const state = badge('', '')
    const cells = COLUMNS.map(([title]) => el('td', { 'data-label': title }))
    const tr = el(
      'tr',
      {},
      el('td', { class: 'state-cell' }, state),
      el('th', { scope: 'row' }, name),
      ...cells
    )
    const row = { tr, state, cells }
    this.#rows.set(name, row)
    this.#body.append(tr)
    return row
  }
}
