import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { combined, dev } from '#lib/logs/access-text.js'
import { accessWriter, type AccessFormat } from '#lib/logs/access-writer.js'
import { JsonLog } from '#lib/logs/json-log.js'
import type { AccessEntry, OutputLine } from 'up-server'

const ENTRY: AccessEntry = {
  id: 'abc',
  at: Date.UTC(2026, 10, 1, 8, 4, 5, 678),
  client: '10.0.0.1',
  method: 'GET',
  path: '/a?b=c',
  httpVersion: '1.1',
  host: 'a.example',
  userAgent: 'tester/1.0 (x)',
  referer: undefined,
  status: 200,
  bytes: 12,
  whole: true,
  durationMs: 12.3456789,
  heldMs: 0,
  upstreamMs: 11.25,
  retries: 0,
  upgrade: false,
  worker: 4711,
  generation: 2,
  upstream: null
}

const plain = (_status: number | null, text: string): string => text

function write(format: AccessFormat, entry: AccessEntry): string {
  let text = ''
  accessWriter({ format, name: 'shop', paint: plain, write: piece => (text += piece) })(entry)
  return text
}

function workerLine(text: string, stream: OutputLine['stream'] = 'stdout'): Record<string, unknown> {
  const out = new PassThrough({ highWaterMark: 1_000_000 })
  const log = new JsonLog(out)
  log.name('shop')
  assert.equal(log.worker({ pid: 7, generation: 3, stream, text }), undefined)
  const line = String(out.read())
  assert.match(line, /^\{[^\n]*\}\n$/)
  return JSON.parse(line) as Record<string, unknown>
}

test('combined is what readers of that format know, with the rest behind it', () => {
  assert.equal(
    combined()(ENTRY),
    '10.0.0.1 - - [01/Nov/2026:08:04:05 +0000] "GET /a?b=c HTTP/1.1" 200 12 "-" "tester/1.0 (x)" ' +
      'id=abc worker=4711 generation=2 ms=12.3 held=0 upstream=11.3 retries=0'
  )
  assert.equal(
    combined()({
      ...ENTRY,
      client: '',
      status: null,
      worker: null,
      generation: null,
      upstreamMs: null,
      whole: false
    }),
    '- - - [01/Nov/2026:08:04:05 +0000] "GET /a?b=c HTTP/1.1" - 12 "-" "tester/1.0 (x)" ' +
      'id=abc worker=- generation=- ms=12.3 held=0 upstream=- retries=0 cut'
  )
})

test('dev says what matters first, and leaves out what is as usual', () => {
  assert.equal(dev(plain)(ENTRY), 'GET /a?b=c 200 12.3 ms 12 B [4711 g2] upstream 11.3 ms id=abc')
  const odd = { ...ENTRY, worker: null, upstream: 'a:80', heldMs: 1500, retries: 2, whole: false }
  assert.equal(
    dev((status, text) => `<${status ?? ''}:${text}>`)(odd),
    'GET /a?b=c <200:200> 12.3 ms 12 B [a:80] upstream 11.3 ms held 1500 ms retried 2 times cut id=abc'
  )
})

test('json has every field, and those of pino', () => {
  const { time, pid, ...fields } = JSON.parse(write('json', ENTRY)) as Record<string, unknown>
  assert.equal(typeof time, 'number')
  assert.equal(pid, process.pid)
  const entry = Object.entries(ENTRY).filter(([name, value]) => name !== 'at' && value !== undefined)
  const own = { level: 30, name: 'shop', msg: 'request', durationMs: 12.346 }
  assert.deepEqual(fields, { ...Object.fromEntries(entry), ...own })
})

test('What did not become a request has dashes where it would say what it was', () => {
  const nothing = { ...ENTRY, id: '', method: '', path: '', httpVersion: '', worker: null, generation: null }
  assert.match(write('combined', nothing), /\] "-" 200 12 "-" "tester.*" id=- worker=- generation=- /)
  assert.match(write('dev', nothing), /^- - 200 .* \[-\] .* id=-\n$/)
  assert.equal((JSON.parse(write('json', nothing)) as AccessEntry).method, '')
})

test('What a client writes ends no line, no quote and no field, and commands no terminal, in any format', () => {
  const evil = 'a\n"x\r\t\\\x1b[31m\x00\x7f\x9b\u2028é'
  const entry = {
    ...ENTRY,
    method: evil,
    path: evil,
    userAgent: evil,
    referer: evil,
    client: evil,
    host: evil
  }
  for (const format of ['json', 'combined', 'dev'] as const) {
    const line = write(format, entry)
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.doesNotMatch(line.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u2028\u2029]/)
  }
  const shown = 'a\\x0a\\"x\\x0d\\x09\\\\\\x1b[31m\\x00\\x7f\\x9b\\x2028\\xe9'
  assert.ok(write('combined', entry).includes(`"${shown} ${shown} HTTP/1.1" 200 12 "${shown}" "${shown}"`))
  assert.ok(write('dev', entry).startsWith(`${shown} ${shown} 200 `))
  assert.equal((JSON.parse(write('json', entry)) as AccessEntry).path, evil)
})

test('A line of a worker becomes JSON; one that is a JSON object stays that object, with its origin', () => {
  const origin = { worker: 7, generation: 3, stream: 'stdout' }
  const { time, pid, ...fields } = workerLine('hello "you"\x1b[0m')
  assert.deepEqual([typeof time, pid], ['number', process.pid])
  assert.deepEqual(fields, { level: 30, name: 'shop', ...origin, msg: 'hello "you"\x1b[0m' })
  assert.equal(workerLine('x', 'stderr')['level'], 50)
  assert.deepEqual(workerLine('{"level":40,"msg":"mine"}'), { level: 40, msg: 'mine', ...origin })
  assert.deepEqual(workerLine(' {} '), origin)
  assert.deepEqual(workerLine('{"worker":"thread","a":{"b":1}}'), { a: { b: 1 }, ...origin })
  for (const text of ['{not json}', '[1]', '1', 'null', '"text"', '{"a":1} tail', ''])
    assert.equal(workerLine(text)['msg'], text)
})

test('A line that is an object with our names in it, nested deeply, is told as text', () => {
  const text = `{"worker":1,"a":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_001)}`
  assert.equal(workerLine(text)['msg'], text)
})

test('Numbers in an object of a worker keep all their digits', () => {
  const out = new PassThrough()
  void new JsonLog(out).worker({
    pid: 7,
    generation: 3,
    stream: 'stdout',
    text: '{"id":12345678901234567890}'
  })
  assert.equal(
    String(out.read()),
    '{"id":12345678901234567890,"worker":7,"generation":3,"stream":"stdout"}\n'
  )
})
