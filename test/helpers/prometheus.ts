import assert from 'node:assert/strict'

/** What a text of Prometheus' exposition format, version 0.0.4, says. */
export class Exposed {
  /** By name and labels, as they are written. */
  readonly series = new Map<string, number>()
  readonly types = new Map<string, string>()

  /**
   * Reads the text, and checks it against the rules of the format: grammar, one block for each metric, its type in
   * front of its samples, no series twice, and histograms that are such.
   */
  constructor(text: string) {
    assert.ok(text.endsWith('\n'), 'the last line has no end')
    const closed = new Set<string>()
    let family = ''
    let helped = ''
    for (const line of text.slice(0, -1).split('\n')) {
      if (line === '') continue
      const help = HELP.exec(line)?.[1]
      if (help !== undefined) {
        assert.ok(!closed.has(help) && !this.types.has(help), `${help} has two blocks`)
        closed.add(family)
        helped = help
        continue
      }
      const [, name = '', type] = TYPE.exec(line) ?? []
      if (type !== undefined) {
        assert.equal(name, helped)
        this.types.set(name, type)
        family = name
        continue
      }
      assert.ok(!line.startsWith('#'), `a comment that says nothing: ${line}`)
      this.#sample(line, family)
    }
    for (const [name, type] of this.types) if (type === 'histogram') this.#checkHistogram(name)
  }

  /** Of the one series with this name and these labels, in any order. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = this.all(name, labels)
    assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}: ${found.length} series`)
    return found[0] ?? NaN
  }

  /** Of all series with this name that have at least these labels. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): number[] {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    return [...this.series]
      .filter(([key]) => key.replace(/\{.*/, '') === name && wanted.every(text => key.includes(text)))
      .map(([, value]) => value)
  }

  /** Those of the counters and histograms that are less than in an earlier text, though they are there in both. */
  wentDown(earlier: Exposed): string[] {
    return [...this.series.keys()].filter(key => {
      const type = this.types.get(baseOf(key.replace(/\{.*/, ''), this.types))
      if (type !== 'counter' && type !== 'histogram') return false
      return (this.series.get(key) ?? 0) < (earlier.series.get(key) ?? -Infinity)
    })
  }

  #sample(line: string, family: string): void {
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`)
    assert.equal(baseOf(name, this.types), family, `${name} is not in its block`)
    const names = [...labels.matchAll(LABEL)].map(([, label]) => label)
    assert.equal(new Set(names).size, names.length, `a label twice: ${line}`)
    const key = `${name}{${labels}}`
    assert.ok(!this.series.has(key), `a series twice: ${line}`)
    const number = Number(value.replace('Inf', 'Infinity'))
    assert.ok(!Number.isNaN(number) || /^nan$/i.test(value), `no number: ${line}`)
    this.series.set(key, number)
  }

  #checkHistogram(name: string): void {
    const last = new Map<string, { le: number; count: number }>()
    for (const [key, count] of this.series) {
      if (!key.startsWith(`${name}_bucket{`)) continue
      const le = Number((/le="([^"]*)"/.exec(key)?.[1] ?? '').replace('Inf', 'Infinity'))
      const rest = key.replace(/le="[^"]*",|,?le="[^"]*"/, '').replace(`${name}_bucket`, '')
      const before = last.get(rest)
      assert.ok(before === undefined || (le > before.le && count >= before.count), `not cumulative: ${key}`)
      last.set(rest, { le, count })
    }
    for (const [rest, { le, count }] of last) {
      assert.equal(le, Infinity, `${name}${rest} has no bucket for all`)
      assert.equal(this.series.get(`${name}_count${rest}`), count)
      assert.ok(this.series.has(`${name}_sum${rest}`))
    }
  }
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const PAIR = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const HELP = new RegExp(`^# HELP (${NAME}) (?:[^\\\\]|\\\\[\\\\n])+$`)
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`)
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${PAIR}(?:,${PAIR})*)\\})? ([+-]?(?:[0-9.e+-]+|Inf)|[Nn]a[Nn])$`)
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="/g

/** The metric that a sample belongs to. */
function baseOf(sample: string, types: ReadonlyMap<string, string>): string {
  const base = sample.replace(/_(?:bucket|sum|count)$/, '')
  return types.get(base) === 'histogram' || types.get(base) === 'summary' ? base : sample
}
