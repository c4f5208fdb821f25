import type uPlot from 'uplot'

/** One line of a chart. */
export interface Line {
  readonly label: string
  /** The CSS variable with its colour. */
  readonly colour: string
  /** Told apart from the others without colours, too. */
  readonly dash?: number[]
  readonly fill?: boolean
}

export interface ChartLook {
  readonly lines: readonly Line[]
  readonly width: number
  readonly height: number
  readonly format: (value: number) => string
  readonly unit: Unit
  /** Times of reloads, in seconds. */
  readonly marks: () => readonly { readonly at: number; readonly failed: boolean }[]
  readonly onCursor: (index: number | null) => void
}

/** What the steps of an axis are like. */
export type Unit = 'count' | 'bytes'

/** At least so many seconds are shown, and at most. */
const MIN_RANGE = 60
const MAX_RANGE = 900
const FONT = '11px system-ui, sans-serif'

/** How uPlot draws a chart, in the colours of the page. */
export function chartOptions({
  lines,
  width,
  height,
  format,
  unit,
  marks,
  onCursor
}: ChartLook): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const grid = { stroke: colour('--grid'), width: 1 }
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 4, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      sync: { key: 'up', setSeries: false }
    },
    scales: {
      x: {
        time: true,
        range: (_, min, max) => [Math.min(max - MIN_RANGE, Math.max(min, max - MAX_RANGE)), max]
      },
      y: { range: (_, __, max) => [0, niceMax(max, unit)] }
    },
    axes: [
      {
        stroke: colour('--quiet'),
        font: FONT,
        size: 26,
        gap: 7,
        grid: { show: false },
        ticks: { show: false },
        space: 70,
        values: (plot, splits) => splits.map(at => clock(plot, at))
      },
      {
        stroke: colour('--quiet'),
        font: FONT,
        size: 52,
        gap: 4,
        grid,
        ticks: { show: false },
        space: 28,
        incrs: STEPS[unit],
        values: (_, splits) => splits.map(format)
      }
    ],
    series: [
      {},
      ...lines.map(({ label, colour: name, dash, fill }) => ({
        label,
        stroke: colour(name),
        width: 1.5,
        points: { show: false },
        ...(dash === undefined ? {} : { dash }),
        ...(fill === true ? { fill: colour(`${name}-soft`) } : {})
      }))
    ],
    hooks: {
      setCursor: [plot => onCursor(plot.cursor.idx ?? null)],
      draw: [plot => drawMarks(plot, marks(), colour('--good'), colour('--bad'))]
    }
  }
}

/** A line through each reload. */
function drawMarks(plot: uPlot, marks: ReturnType<ChartLook['marks']>, good: string, bad: string): void {
  const { ctx, bbox } = plot
  const { min, max } = plot.scales['x'] ?? {}
  ctx.save()
  ctx.lineWidth = devicePixelRatio
  for (const { at, failed } of marks) {
    if (min == null || max == null || at < min || at > max) continue
    const x = Math.round(plot.valToPos(at, 'x', true))
    ctx.strokeStyle = failed ? bad : good
    ctx.setLineDash(failed ? [2 * devicePixelRatio, 3 * devicePixelRatio] : [])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}

const STEPS: Readonly<Record<Unit, number[]>> = {
  count: Array.from({ length: 10 }, (_, i) => [1, 2, 5].map(step => step * 10 ** i)).flat(),
  bytes: Array.from({ length: 24 }, (_, i) => 2 ** (20 + i))
}

/** Leaves some room above, and is never so small that noise fills the chart. */
function niceMax(max: number | null, unit: Unit): number {
  const wanted = (max ?? 0) * 1.15
  // There is room for three, so that the uppermost is at the edge.
  const step = STEPS[unit].find(value => value * 3 >= wanted) ?? wanted
  return Math.max(Math.ceil(wanted / step), 2) * step
}

/** The time of day; seconds where they matter, and nothing where the edge would cut it. */
function clock(plot: uPlot, seconds: number): string {
  const { min, max } = plot.scales['x'] ?? {}
  if (min == null || max == null) return ''
  const isShort = max - min < 300
  const edge = ((max - min) * (isShort ? 26 : 17)) / plot.over.clientWidth
  if (seconds > max - edge) return ''
  return new Date(seconds * 1000).toLocaleTimeString('en-GB').slice(0, isShort ? 8 : 5)
}
