import { chartOptions, type Line, type Unit } from './chart-options.js'
import { el, setText } from './dom.js'
import { formatBytes, formatCount, formatMs, formatPercent, formatRate } from './format.js'
import type { Columns, Sample } from './types.js'

/** So many are shown: 15 minutes, one a second. */
const SAMPLES = 900
const HEIGHT = 120

interface ChartKind {
  readonly title: string
  readonly lines: readonly (Line & { readonly of: Exclude<keyof Sample, 'at'> })[]
  readonly format: (value: number | null | undefined) => string
  /** `count`, unless it is said. */
  readonly unit?: Unit
  /** Of workers, which a proxy has not. */
  readonly ofWorkers?: boolean
}

const KINDS: readonly ChartKind[] = [
  {
    title: 'Requests per second',
    lines: [{ of: 'requestsPerSecond', label: 'requests/s', colour: '--accent', fill: true }],
    format: formatRate
  },
  {
    title: 'Latency',
    lines: [
      { of: 'p50Ms', label: 'p50', colour: '--accent' },
      { of: 'p99Ms', label: 'p99', colour: '--warn', dash: [4, 3] }
    ],
    format: formatMs
  },
  {
    title: 'Errors per second',
    lines: [{ of: 'errorsPerSecond', label: 'errors/s', colour: '--bad', fill: true }],
    format: formatRate
  },
  {
    title: 'Requests now',
    lines: [
      { of: 'inFlight', label: 'in flight', colour: '--accent' },
      { of: 'held', label: 'held', colour: '--warn', dash: [4, 3] }
    ],
    format: formatCount
  },
  {
    title: 'CPU, all workers',
    lines: [{ of: 'cpuPercent', label: 'CPU', colour: '--accent', fill: true }],
    format: formatPercent,
    ofWorkers: true
  },
  {
    title: 'Memory, all workers',
    lines: [{ of: 'memoryBytes', label: 'RSS', colour: '--accent', fill: true }],
    format: formatBytes,
    unit: 'bytes',
    ofWorkers: true
  }
]

interface Chart {
  readonly kind: ChartKind
  readonly figure: HTMLElement
  readonly box: HTMLElement
  readonly values: readonly HTMLElement[]
  plot: uPlot | undefined
}

/** The last 15 minutes. */
export class Charts {
  readonly #charts: readonly Chart[]
  readonly #marks: { at: number; failed: boolean }[] = []
  #columns: Columns = emptyColumns()
  #cursor: number | null = null

  constructor(parent: HTMLElement) {
    this.#charts = KINDS.map(kind => chartOf(kind))
    parent.append(...this.#charts.map(({ figure }) => figure))
    const resize = new ResizeObserver(() => {
      for (const { plot, box } of this.#charts) plot?.setSize({ width: box.clientWidth, height: HEIGHT })
    })
    resize.observe(parent)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#rebuild())
    document.addEventListener('visibilitychange', () => this.#draw())
  }

  /** What a proxy has not is not shown. */
  setKind(isProxy: boolean): void {
    for (const { kind, figure } of this.#charts) figure.hidden = isProxy && kind.ofWorkers === true
  }

  load(columns: Columns): void {
    this.#columns = columns
    this.#draw()
  }

  add(sample: Sample): void {
    const columns = this.#columns
    // It may be there already; or the clock was set back, and it takes the place of what was.
    const before = columns.at.findIndex(at => at >= sample.at)
    for (const name of Object.keys(columns) as (keyof Sample)[]) {
      const column = columns[name] as (number | null)[]
      if (before !== -1) column.length = before
      column.push(sample[name])
      if (column.length > SAMPLES) column.shift()
    }
    this.#draw()
  }

  /** A reload is over. */
  mark(at: number, failed: boolean): void {
    this.#marks.push({ at: at / 1000, failed })
    if (this.#marks.length > SAMPLES) this.#marks.shift()
  }

  clear(): void {
    this.#marks.length = 0
    this.load(emptyColumns())
  }

  #draw(): void {
    if (document.hidden) return
    const seconds = this.#columns.at.map(at => at / 1000)
    for (const chart of this.#charts) {
      if (chart.figure.hidden) continue
      const data: uPlot.AlignedData = [seconds, ...chart.kind.lines.map(({ of }) => this.#columns[of])]
      if (chart.plot === undefined) chart.plot = this.#create(chart, data)
      else chart.plot.setData(data)
    }
    this.#showValues()
  }

  #create({ kind, box }: Chart, data: uPlot.AlignedData): uPlot {
    const options = chartOptions({
      lines: kind.lines,
      width: box.clientWidth,
      height: HEIGHT,
      format: kind.format,
      unit: kind.unit ?? 'count',
      marks: () => this.#marks,
      onCursor: index => {
        this.#cursor = index
        this.#showValues()
      }
    })
    // A script of its own, which is run before: see index.html.
    return new uPlot(options, data, box)
  }

  /** Those under the pointer; else the last ones. */
  #showValues(): void {
    const index = this.#cursor ?? this.#columns.at.length - 1
    for (const { kind, values, box } of this.#charts) {
      const texts = kind.lines.map(({ of }) => kind.format(this.#columns[of][index]))
      for (const [i, value] of values.entries()) setText(value, texts[i] ?? '')
      const label = `${kind.title}: ${kind.lines.map(({ label }, i) => `${label} ${texts[i] ?? ''}`).join(', ')}`
      if (box.getAttribute('aria-label') !== label) box.setAttribute('aria-label', label)
    }
  }

  /** uPlot keeps the colours that it was made with. */
  #rebuild(): void {
    for (const chart of this.#charts) {
      chart.plot?.destroy()
      chart.plot = undefined
    }
    this.#draw()
  }
}

function chartOf(kind: ChartKind): Chart {
  const values = kind.lines.map(() => el('b'))
  const legend = kind.lines.map(({ label, colour, dash }, i) => {
    const key = el('i', { class: 'key', 'data-colour': colour, ...(dash && { 'data-dashed': '' }) })
    return el('span', {}, key, ` ${label} `, values[i] ?? '')
  })
  const box = el('div', { class: 'plot', role: 'img' })
  const figure = el('figure', {}, el('figcaption', {}, el('h3', {}, kind.title), ...legend), box)
  return { kind, figure, box, values, plot: undefined }
}

function emptyColumns(): Columns {
  return {
    at: [],
    requestsPerSecond: [],
    errorsPerSecond: [],
    p50Ms: [],
    p99Ms: [],
    inFlight: [],
    held: [],
    memoryBytes: [],
    cpuPercent: []
  }
}
