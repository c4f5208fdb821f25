import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'
import { OptionError } from 'up-server'
import { fileSink, streamSink } from '#lib/logs/access-sink.js'
import { until } from '../helpers/wait.js'
import { tempFolder } from '../helpers/watch-folder.js'

const LINE = `${'x'.repeat(999)}\n`
/** More than is kept. */
const MANY = 20_000

test('A file that is moved away is begun anew with the next line; one that is truncated goes on; none is lost', async t => {
  const path = join(tempFolder(t), 'a.log')
  const told: string[] = []
  const sink = fileSink(path, sentence => told.push(sentence))
  const has = (file: string, line: string): boolean =>
    existsSync(file) && readFileSync(file, 'utf8').includes(line)
  sink.write('1\n')
  await until(() => has(path, '1\n'))
  renameSync(path, `${path}.1`)
  sink.write('2\n')
  await until(() => has(path, '2\n'))
  rmSync(path)
  sink.write('3\n')
  await until(() => has(path, '3\n'))
  appendFileSync(path, 'of somebody else\n')
  truncateSync(path)
  sink.write('4\n')
  await sink.close()
  assert.equal(readFileSync(path, 'utf8'), '4\n')
  assert.equal(readFileSync(`${path}.1`, 'utf8'), '1\n')
  assert.deepEqual(told, [])
})

test('A full disk is told once; lines wait, within bounds, and how many were lost is told at the end', async () => {
  const told: string[] = []
  const sink = fileSink('/dev/full', sentence => told.push(sentence))
  sink.write(LINE)
  await until(() => told.length === 1)
  assert.match(told[0] ?? '', /^the access log cannot be written: .*ENOSPC/)
  for (let i = 1; i < MANY; i++) sink.write(LINE)
  await sink.close()
  assert.deepEqual(told.slice(1), [
    'the access log loses lines',
    `the access log ends; lines that were lost: ${MANY}`
  ])
})

test('When there is room again, what was kept is written, whole and in order', async t => {
  // A folder that is made later stands for a disk that gets room: the file is looked for again and again.
  const folder = tempFolder(t)
  const path = join(folder, 'a.log')
  spawnSync('ln', ['-s', '/dev/full', path])
  const told: string[] = []
  const sink = fileSink(path, sentence => told.push(sentence))
  for (let i = 0; i < 200; i++) sink.write(`${i} ${LINE}`)
  await until(() => told.length === 1)
  rmSync(path)
  await until(() => told.length === 2)
  assert.equal(told[1], 'the access log is written again')
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  assert.deepEqual(
    lines.map(line => line.split(' ')[0]),
    Array.from({ length: 200 }, (_, i) => String(i))
  )
  await sink.close()
})

test('A named pipe that nobody reads is refused at once; with a slow reader all lines arrive', async t => {
  const path = join(tempFolder(t), 'pipe')
  assert.equal(spawnSync('mkfifo', [path]).status, 0)
  assert.throws(() => fileSink(path, () => {}), OptionError)
  const reader = spawn('sh', ['-c', `exec < "$0"; echo ready; sleep 0.3; wc -l`, path], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.after(() => reader.kill())
  let text = ''
  reader.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
  const told: string[] = []
  // Until it is there, it is refused.
  let sink: ReturnType<typeof fileSink> | undefined
  await until(() => {
    try {
      sink = fileSink(path, sentence => told.push(sentence))
    } catch {
      return false
    }
    return true
  })
  assert.ok(sink !== undefined)
  for (let i = 0; i < 1000; i++) sink.write(LINE)
  await sink.close()
  await once(reader, 'close')
  assert.match(text, /^ready\n\s*1000\n$/)
  assert.deepEqual(told, [])
})

test('A stream that nobody reads keeps nobody waiting; how many lines were lost is told when it goes on', async () => {
  const stream = new PassThrough()
  const told: string[] = []
  const sink = streamSink(stream, sentence => told.push(sentence))
  for (let i = 0; i < MANY; i++) sink.write(LINE)
  await until(() => told.length === 1)
  assert.equal(told[0], 'the access log loses lines')
  assert.ok(stream.writableLength < 200_000)
  let bytes = 0
  stream.on('data', (piece: Buffer) => (bytes += piece.length))
  await until(() => told.length === 2)
  const lost = Number(
    /^the access log is written again; lines that were lost: (\d+)$/.exec(told[1] ?? '')?.[1]
  )
  assert.equal(bytes / LINE.length + lost, MANY)
  assert.ok(lost > 0 && bytes > 16_000_000)
  await sink.close()
})

test('What nobody has taken at the end counts as lost', async () => {
  const told: string[] = []
  const sink = streamSink(new PassThrough(), sentence => told.push(sentence))
  for (let i = 0; i < 100; i++) sink.write(LINE)
  await sink.close()
  assert.equal(told.at(-1), 'the access log ends; lines that were lost: 100')
})

test('A stream that is broken is told of once, and lines for it are lost', async () => {
  const told: string[] = []
  const stream = new Writable({
    write: (_chunk, _encoding, done) => done(new Error('EPIPE'))
  })
  stream.on('error', () => {})
  const sink = streamSink(stream, sentence => told.push(sentence))
  for (let i = 0; i < 3; i++) {
    sink.write(LINE)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  await sink.close()
  assert.equal(told.filter(text => text === 'the access log cannot be written: EPIPE').length, 1)
})
