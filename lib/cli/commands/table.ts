import pico from 'picocolors'

/** How one column of a table is. */
export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string | number | null | undefined
  /** Figures stand at the right. */
  readonly right?: true
  /** Values that something is wrong with, and those that are as they should be. */
  readonly bad?: readonly string[]
  readonly good?: readonly string[]
}

/** Rows as text, each column as wide as it has to be. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  coloured: boolean
): string {
  const colours = pico.createColors(coloured)
  const cells = rows.map(row => columns.map(({ of }) => printable(of(row))))
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map(row => row[i]?.length ?? 0))
  )
  const line = (texts: readonly string[], paint: (text: string, i: number) => string): string =>
    texts
      .map((text, i) => {
        const width = widths[i] ?? 0
        const isLast = i === columns.length - 1
        const padded = columns[i]?.right ? text.padStart(width) : isLast ? text : text.padEnd(width)
        return paint(padded, i)
      })
      .join('  ')
  const titles = columns.map(({ title }) => title)
  return [
    line(titles, colours.dim),
    ...cells.map(row =>
      line(row, (text, i) => {
        const { good, bad } = columns[i] ?? {}
        if (bad?.includes(text.trim())) return colours.red(text)
        return good?.includes(text.trim()) ? colours.green(text) : text
      })
    )
  ].join('\n')
}

/** Text that can neither steer a terminal nor begin a line; a dash where there is none. */
export function printable(value: string | number | null | undefined): string {
  const text = value == null || value === '' ? '-' : String(value)
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
}
