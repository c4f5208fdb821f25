import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { OutputLine } from 'up-server'
import { serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { Deferred } from '../helpers/deferred.js'
import { until } from '../helpers/wait.js'

/** Writes what is asked for, byte by byte; `/flood` until somebody reads no more. */
const APP = `
import { createServer } from 'node:http'
import { writeSync } from 'node:fs'
const line = 'x'.repeat(1023) + '\\n'
export default createServer((req, res) => {
  const url = new URL(req.url, 'http://a')
  const text = url.searchParams.get('text') ?? ''
  const fd = url.pathname === '/err' ? 2 : 1
  if (url.pathname === '/flood') setInterval(() => process.stdout.writableLength < 1e6 && process.stdout.write(line.repeat(100)), 1)
  else for (const byte of Buffer.from(text)) writeSync(fd, Buffer.of(byte))
  res.end(String(process.pid))
  if (url.pathname === '/exit') setTimeout(() => process.exit(), 20)
})
`

test('Lines of several workers, which come in pieces, are told whole, with where they come from', async t => {
  const lines: OutputLine[] = []
  const { port, srv } = await serve(t, writeApp(t, APP).file, { output: line => void lines.push(line) })
  const text = encodeURIComponent('a line with ä\nand more\n')
  const asked = Array.from({ length: 20 }, (_, i) =>
    fetchOnce(port, `${i % 3 === 0 ? '/err' : '/out'}?text=${text}`)
  )
  const pids = (await Promise.all(asked)).map(({ body }) => Number(body))
  await until(() => lines.length >= 40)
  assert.deepEqual(new Set(lines.map(line => line.text)), new Set(['a line with ä', 'and more']))
  assert.deepEqual(new Set(lines.map(({ pid }) => pid)), new Set(pids))
  assert.equal(lines.filter(({ stream }) => stream === 'stderr').length, 14)
  assert.ok(lines.every(({ generation }) => generation === 1))
  await srv.reload()
  await fetchOnce(port, '/out?text=new%0A')
  await until(() => lines.some(line => line.text === 'new' && line.generation === 2))
})

test('What a worker leaves without an end is told when it ends, also when the server closes', async t => {
  const lines: OutputLine[] = []
  const options = { numWorkers: 1, keepAlive: false, output: (line: OutputLine) => void lines.push(line) }
  const first = await serve(t, writeApp(t, APP).file, options)
  await fetchOnce(first.port, '/out?text=the%20last')
  await first.srv.close()
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['the last']
  )
  const second = await serve(t, writeApp(t, APP).file, options)
  await fetchOnce(second.port, '/exit?text=words')
  await until(() => lines.length === 2)
  assert.equal(lines[1]?.text, 'words')
})

test('While nobody takes the lines of a worker, no more of it is read, and other workers go on', async t => {
  const gate = new Deferred()
  let flooder: number | undefined
  let count = 0
  const output = ({ pid, text }: OutputLine): Promise<void> | undefined => {
    if (!text.startsWith('xxx')) return undefined
    flooder = pid
    count++
    return gate.promise
  }
  const { port } = await serve(t, writeApp(t, APP).file, { output })
  const pid = Number((await fetchOnce(port, '/flood')).body)
  await until(() => flooder === pid)
  let last = count
  // It has written a hundred times as much by then as is read at once.
  for (let i = 0; i < 200; i++) if ((await fetchOnce(port)).body === String(pid)) last = count
  assert.equal(count, last)
  assert.ok(count <= 64, `${count} lines of 1 kB were read`)
  gate.resolve()
  await until(() => count > 200)
})

test('The end of stderr still goes into the error, and what failing workers repeat is told once', async t => {
  const lines: OutputLine[] = []
  const app = writeApp(t, APP)
  const { srv, failures } = await serve(t, app.file, { output: line => void lines.push(line) })
  app.write('console.error("it breaks"); process.exit(7)')
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', stderr: 'it breaks' })
  assert.ok(failures.length >= 2)
  assert.equal(lines.filter(({ text }) => text === 'it breaks').length, 1)
})

test('A function that throws ends nothing', async t => {
  const warned = once(process, 'warning')
  const output = (): never => {
    throw new Error('full')
  }
  const { port } = await serve(t, writeApp(t, APP).file, { output })
  await fetchOnce(port, '/out?text=a%0A')
  const [warning] = (await warned) as [Error]
  assert.match(warning.message, /output threw: Error: full/)
  assert.equal((await fetchOnce(port)).status, 200)
})
