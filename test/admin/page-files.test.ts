import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { PageFiles } from '#lib/admin/page-files.js'

/** What a browser asks for, from the page on. */
function load(files: PageFiles, path: string, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(path)) return seen
  let text: string | undefined
  const res = {
    writeHead: () => res,
    end: (body: Buffer) => (text = body.toString())
  }
  const found = files.send(path, { method: 'GET' } as never, res as unknown as ServerResponse)
  assert.ok(found && text !== undefined, `there is no ${path}`)
  seen.set(path, text)
  // Not what uPlot's own text may look like.
  if (path === '/uplot.js') return seen
  for (const [, target = ''] of text.matchAll(/(?:from |import |src=|href=)["']([^"':]+)["']/g))
    load(files, new URL(target, `http://up${path}`).pathname, seen)
  return seen
}

test('the page is less than 150 kB in all', () => {
  const all = load(new PageFiles(), '/')
  assert.ok(all.has('/uplot.js') && all.has('/stream.js'), [...all.keys()].join(', '))
  const size = [...all.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  // The samples of 15 minutes come on top.
  assert.ok(size < 110_000, `${size} bytes`)
})

test('the page asks no other host for anything, and has no script or style in its text', () => {
  for (const [path, text] of load(new PageFiles(), '/')) {
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
  const [page = ''] = load(new PageFiles(), '/').values()
  assert.doesNotMatch(page, /<style|<script(?![^>]*src)| style=| on\w+=/)
})
