import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { appText } from '../helpers/cli-app.js'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { fetchOnce, type Answer } from '../helpers/client.js'
import { startExternal } from '../helpers/external.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

/** Starts either command in front of something that answers `hello`. */
async function start(
  t: TestContext,
  kind: 'up' | 'up proxy',
  cwd: string,
  options: string[]
): Promise<CliProcess> {
  const common = ['-p', '0', '--host', '127.0.0.1', ...options]
  if (kind === 'up') {
    write(cwd, 'app.js', appText('hello'))
    return startUp(t, ['-n', '1', ...common, 'app.js'], { cwd })
  }
  const { place } = await startExternal(t, 'hello')
  return startUp(t, ['proxy', ...common, `127.0.0.1:${place}`], { cwd })
}

async function portOf(up: CliProcess): Promise<number> {
  return Number(new URL(await up.url()).port)
}

/** The one that is refused of so many requests tells that all the others wait by now. */
async function holdAllButOne(port: number, count: number): Promise<Promise<Answer>[]> {
  const all = Array.from({ length: count }, () => fetchOnce(port))
  const { index, answer } = await Promise.race(all.map(async (one, index) => ({ index, answer: await one })))
  assert.equal(answer.status, 503)
  return all.filter((_, i) => i !== index)
}

for (const kind of ['up', 'up proxy'] as const) {
  test(`${kind} --hold-file: rm holds requests, touch serves them, and both are told`, async t => {
    const cwd = tempFolder(t, { balance: '' })
    const up = await start(t, kind, cwd, ['--hold-file', 'balance', '--max-held', '3'])
    const port = await portOf(up)
    assert.equal((await fetchOnce(port)).body, 'hello')
    for (let i = 0; i < 2; i++) {
      rmSync(join(cwd, 'balance'))
      await up.line(/^up: holding requests: balance is missing$/)
      const held = await holdAllButOne(port, 4)
      write(cwd, 'balance', '')
      await up.line(/^up: serving again, 3 requests were held, 1 got 503$/)
      for (const { status, body } of await Promise.all(held)) assert.equal(`${status} ${body}`, '200 hello')
      assert.equal((await fetchOnce(port)).body, 'hello')
    }
  })

  test(`${kind} --hold-file: while it is missing at the start, requests are held`, async t => {
    const cwd = tempFolder(t)
    const up = await start(t, kind, cwd, ['--hold-file', join(cwd, 'balance'), '--max-held', '1'])
    const port = await portOf(up)
    await up.line(new RegExp(`^up: holding requests: ${join(cwd, 'balance')} is missing$`))
    const held = await holdAllButOne(port, 2)
    write(cwd, 'balance', '')
    await up.line(/^up: serving again, 1 request was held, 1 got 503$/)
    for (const { body } of await Promise.all(held)) assert.equal(body, 'hello')
  })

  test(`${kind} --hold-file: SIGTERM refuses what is held with 503, and it exits with 0`, async t => {
    const cwd = tempFolder(t)
    const up = await start(t, kind, cwd, ['--hold-file', 'balance', '--max-held', '1'])
    const [held] = await holdAllButOne(await portOf(up), 2)
    up.proc.kill('SIGTERM')
    assert.equal((await held)?.status, 503)
    assert.equal(await up.exited, 0)
  })

  test(`${kind} --hold-response: its content is the body of the 503, its extension the type`, async t => {
    const pages = { 'soon.html': '<p>Soon \u2026', 'soon.json': '{"soon":true}', 'soon.txt': 'Soon' }
    const types = ['text/html; charset=utf-8', 'application/json', 'text/plain; charset=utf-8']
    for (const [i, [name, content]] of Object.entries(pages).entries()) {
      const cwd = tempFolder(t, pages)
      const up = await start(t, kind, cwd, [
        '--hold-file',
        'none',
        '--max-held',
        '0',
        '--hold-response',
        name
      ])
      const { status, headers, body } = await fetchOnce(await portOf(up))
      assert.equal(status, 503)
      assert.equal(body, content)
      assert.equal(headers['content-type'], types[i])
      assert.match(headers['retry-after'] ?? '', /^\d+$/)
    }
  })
}

test('Requests that expire while they are held are told as such', async t => {
  const cwd = tempFolder(t)
  const up = await start(t, 'up proxy', cwd, ['--hold-file', 'balance', '--hold-timeout', '50ms'])
  assert.equal((await fetchOnce(await portOf(up))).status, 503)
  write(cwd, 'balance', '')
  await up.line(/^up: serving again, 1 request was held, 1 got 503$/)
})

test('A hold response that cannot be read, is too long or is no text is refused with exit code 2', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello'), 'long.txt': 'x'.repeat(1_048_577) })
  write(cwd, 'folder/x', '')
  writeFileSync(join(cwd, 'latin1.txt'), Buffer.from([0x63, 0xe9]))
  for (const name of ['none.html', 'long.txt', 'folder', 'latin1.txt']) {
    const up = startUp(t, ['--hold-response', name, 'app.js'], { cwd })
    assert.equal(await up.exited, 2)
    assert.deepEqual(up.lines, [
      `up: --hold-response is "${name}", but must be a text file in UTF-8 that can be read, of 1 MB at most`
    ])
  }
})
