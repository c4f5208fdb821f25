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
  /** Times of reloads, in seconds. */
  readonly marks: () => readonly { readonly at: number; readonly failed: boolean }[]
  readonly onCursor: (index: number | null) => void
}

/** At least so many seconds are shown, and at most. */
const MIN_RANGE = 60
const MAX_RANGE = 900
const FONT = '11px system-ui, sans-serif'

/** How uPlot draws a chart, in the colours of the page. */
export function chartOptions({ lines, width, height, format, marks, onCursor }: ChartLook): uPlot.Options {
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
      x: { time: true, range: (_, min, max) => [Math.min(max - MIN_RANGE, Math.max(min, max - MAX_RANGE)), max] },
      y: { range: (_, __, max) => [0, niceMax(max)] }
    },
    axes: [
      {
        stroke: colour('--quiet'),
        font: FONT,
        size: 22,
        gap: 2,
        grid: { show: false },
        ticks: { show: false },
        space: 70,
        values: (_, splits) => splits.map(clock)
      },
      {
        stroke: colour('--quiet'),
        font: FONT,
        size: 52,
        gap: 4,
        grid,
        ticks: { show: false },
        space: 28,
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

/** Leaves some room above, and is never so small that noise fills the chart. */
function niceMax(max: number | null): number {
  const wanted = Math.max(1, (max ?? 0) * 1.1)
  const step = 10 ** Math.floor(Math.log10(wanted))
  return Math.ceil(wanted / (step / 2)) * (step / 2)
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB')
}
