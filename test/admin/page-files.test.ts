import assert from 'node:assert/strict'
import { createServer, get } from 'node:http'
import { test, type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { PageFiles } from '#lib/admin/page-files.js'
import { SAMPLES } from '#lib/control/history.js'
import { listen } from '../helpers/raw.js'

interface Loaded {
  readonly text: string
  readonly bytes: number
}

/** What a browser asks for, from the page on, and how much it gets. */
async function load(
  url: URL,
  encoding: string,
  seen = new Map<string, Loaded>()
): Promise<Map<string, Loaded>> {
  if (seen.has(url.pathname)) return seen
  const { text, bytes } = await receive(url, encoding)
  seen.set(url.pathname, { text, bytes })
  // What uPlot's own text may look like is no matter.
  if (url.pathname === '/uplot.js') return seen
  for (const [, target = ''] of text.matchAll(/(?:from |import |src=|href=)["']([^"':]+)["']/g))
    await load(new URL(target, url), encoding, seen)
  return seen
}

function receive(url: URL, encoding: string): Promise<Loaded> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'Accept-Encoding': encoding } }, res => {
      const pieces: Buffer[] = []
      res.on('data', (piece: Buffer) => pieces.push(piece))
      res.on('end', () => {
        const body = Buffer.concat(pieces)
        assert.equal(res.statusCode, 200, url.pathname)
        const isZipped = res.headers['content-encoding'] === 'gzip'
        assert.equal(isZipped, encoding === 'gzip')
        resolve({ text: (isZipped ? gunzipSync(body) : body).toString(), bytes: body.length })
      })
    }).on('error', reject)
  })
}

async function serve(t: TestContext): Promise<URL> {
  const files = new PageFiles()
  const server = createServer((req, res) => {
    assert.ok(files.send(req.url ?? '', req, res), req.url)
  })
  const { port } = await listen(t, server)
  t.after(() => server.close())
  return new URL(`http://127.0.0.1:${port}/`)
}

function total(all: Map<string, Loaded>): number {
  return [...all.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}

/** As long as they get: nobody's 15 minutes have larger figures. */
function fullHistory(): string {
  const column = (value: number): number[] => Array.from({ length: SAMPLES }, () => value)
  return JSON.stringify({
    at: column(1_795_287_425_626),
    requestsPerSecond: column(12_345.67),
    errorsPerSecond: column(1234.56),
    p50Ms: column(123.45),
    p99Ms: column(1234.56),
    inFlight: column(1234),
    held: column(1000),
    memoryBytes: column(12_345_678_901),
    cpuPercent: column(1234.56)
  })
}

test('the page is less than 150 kB in all, with the samples of 15 minutes', async t => {
  const url = await serve(t)
  const zipped = await load(url, 'gzip')
  assert.ok(zipped.has('/uplot.js') && zipped.has('/stream.js'), [...zipped.keys()].join(', '))
  const size = total(zipped) + Buffer.byteLength(fullHistory())
  assert.ok(size < 150_000, `${size} bytes`)
  const plain = total(await load(url, 'identity'))
  assert.ok(plain < 150_000, `${plain} bytes without gzip`)
})

test('the page asks no other host for anything, and has no script or style in its text', async t => {
  const all = await load(await serve(t), 'gzip')
  for (const [path, { text }] of all) {
    const urls = [...text.matchAll(/https?:\/\/[^\s'"`)]+/g)].map(([url]) => url)
    const known = ['http://www.w3.org/2000/svg', 'https://github.com/leeoniya/uPlot']
    assert.deepEqual(
      urls.filter(url => !known.includes(url)),
      [],
      path
    )
    if (path !== '/uplot.js')
      assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/)
  }
  const page = all.get('/')?.text ?? ''
  assert.doesNotMatch(page, /<style|<script(?![^>]*src)| style=| on\w+=/)
})
