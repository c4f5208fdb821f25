import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fault, strictnessOf } from './llhttp/compare.js'
import { readWithLlhttp } from './llhttp/llhttp.js'
import { read } from './llhttp/reading.js'
import { CASE, type Case } from './llhttp/responses.js'
import { STRICTNESS } from './llhttp/strictness.js'

// `npm run fuzz -- --seed N --cases N` sets them.
const CASES = Number(process.env['UP_FUZZ_CASES'] ?? 20_000)
const SEED = process.env['UP_FUZZ_SEED'] === undefined ? undefined : Number(process.env['UP_FUZZ_SEED'])
/** Up to so many bytes a case is also read byte by byte, and cut in two at each byte. */
const SHORT = 300
const VERY_SHORT = 60

/** Before 9 llhttp takes what a proxy must not, unless it is asked to be strict. */
const LLHTTP = parseInt(process.versions['llhttp'] ?? '', 10)
const skip = LLHTTP < 9 && `llhttp ${LLHTTP} is no measure of strictness`

test(
  `on ${CASES} responses our parser does as llhttp does, or is stricter for a known reason`,
  { skip },
  () => {
    let whole = 0
    fc.assert(
      fc.property(CASE, sample => {
        if (check(sample)) whole++
      }),
      { numRuns: CASES, ...(SEED === undefined ? {} : { seed: SEED }) }
    )
    // Otherwise they would say little about what is handed on.
    assert.ok(whole > CASES / 10, `only ${whole} of ${CASES} responses were whole`)
  }
)

for (const { title, example, byMistake } of STRICTNESS) {
  test(`we refuse, and llhttp does not: ${title}`, { skip }, () => {
    const bytes = Buffer.from(example, 'latin1')
    const [llhttp] = readWithLlhttp(bytes, 'GET')
    const ours = read([bytes], 'GET')
    assert.equal(ours.ending, 'refused')
    // Some mistakes are mended in newer versions of llhttp.
    if (llhttp.ending === 'refused' && byMistake === true) return
    assert.notEqual(llhttp.ending, 'refused', llhttp.why)
    assert.equal(strictnessOf(example, ours, llhttp), title)
    check({ method: 'GET', text: example, cuts: [300, 900, 999] })
  })
}

/** Compares all ways to read a response, and returns whether it was taken. */
function check({ method, text, cuts }: Case): boolean {
  const bytes = Buffer.from(text, 'latin1')
  const ours = read([bytes], method)
  for (const llhttp of readWithLlhttp(bytes, method)) {
    const found = fault(text, ours, llhttp)
    if (found !== undefined) assert.fail(`${found}\nours: ${show(ours)}\nllhttp: ${show(llhttp)}`)
  }

  for (const pieces of divisions(bytes, cuts)) {
    // The reason is for people: it may quote what it has.
    const again = { ...read(pieces, method), why: ours.why }
    assert.deepEqual(again, ours, `cuts change it: ${show(pieces.map(String))}`)
  }
  return ours.ending === 'whole'
}

function* divisions(bytes: Buffer, cuts: readonly number[]): Generator<Buffer[]> {
  const edges = [0, ...cuts.map(cut => Math.round((cut / 1000) * bytes.length)).sort((a, b) => a - b)]
  yield edges.map((edge, i) => bytes.subarray(edge, edges[i + 1]))
  if (bytes.length <= SHORT) yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
  if (bytes.length > VERY_SHORT) return
  for (let i = 1; i < bytes.length; i++) yield [bytes.subarray(0, i), bytes.subarray(i)]
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 2000)
}
