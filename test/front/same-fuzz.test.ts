import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { AccessEntry } from 'up-server'
import { comparableEntry } from '../helpers/access.js'
import { fixture, serve } from '../helpers/app.js'
import { rawClient } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'

/** How many connections are compared; each stands for one to three requests. */
const CASES = Number(process.env['UP_FUZZ_CASES'] ?? 600)
const SEED = process.env['UP_FUZZ_SEED'] === undefined ? undefined : Number(process.env['UP_FUZZ_SEED'])

/** Whether a client that has ended its side still hears that the last it sent was no request is a matter of time. */
const LAST_REFUSAL = /HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n(Content-Length: 0\r\n)?\r\n$/

const METHOD = fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'get', 'G ET', 'DELETE')
const TARGET = fc.constantFrom(
  '/echo',
  '/echo',
  '/echo?a=b%20c',
  '/echo/../x',
  '/echo#f',
  'http://b.example/echo',
  '*',
  '/echo/\xe4',
  '//echo',
  ''
)
const VERSION = fc.constantFrom(
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'http/1.1'
)
const LINE = fc.constantFrom(
  'Accept: */*',
  'User-Agent: a b  c',
  'Cookie: a=b; c="d"',
  'X-A: ',
  'X-A:b',
  'X-A:  b',
  'X-A: b ',
  'X-A: \xe4\xff',
  'X-A: a\tb',
  'X-A : b',
  'X(A): b',
  'X_A: b',
  'X-A: b\r\n c',
  'X-A: b\nX-B: c',
  'X-A: b\0',
  'Connection: keep-alive',
  'Connection: Keep-Alive',
  'Connection: close',
  'Connection: X-A',
  'Keep-Alive: timeout=5',
  'Content-Length: 0',
  'Content-Length: 3\r\nX-A: y',
  'Transfer-Encoding: chunked',
  'TE: trailers',
  'Expect: 100-continue',
  'Upgrade: x',
  'X-Forwarded-For: 192.0.2.1',
  'Via: 1.0 a',
  'X-Request-Id: a-1',
  'x-request-id: a "1"',
  'Host: c.example',
  'no colon'
)
const REQUEST = fc
  .record({
    method: METHOD,
    target: TARGET,
    version: VERSION,
    host: fc.constantFrom(
      'Host: a.example\r\n',
      'Host: a.example\r\n',
      'Host: a.example\r\n',
      'host: A:8080\r\n',
      'Host: a:b:1\r\n',
      ''
    ),
    lines: fc.array(LINE, { maxLength: 3 }),
    behind: fc.constantFrom('', '', '', '', 'abc', '3\r\nabc\r\n0\r\n\r\n', '\r\n')
  })
  .map(
    ({ method, target, version, host, lines, behind }) =>
      `${method} ${target} ${version}\r\n${host}${lines.map(line => `${line}\r\n`).join('')}\r\n${behind}`
  )
const CONVERSATION = fc.record({
  requests: fc.array(REQUEST, { minLength: 1, maxLength: 3 }),
  /** Whether each request is sent only when the one before has been answered. */
  polite: fc.boolean(),
  /** Where the text of a request is cut in two, as a fraction of its length; 1 is nowhere. */
  cut: fc.constantFrom(1, 1, 1, 0.2, 0.9)
})

for (const logged of [false, true])
  test(`On ${CASES} connections with all kinds of requests the fast path cannot be told from the ordinary one${logged ? ', nor by an access log' : ''}`, async t => {
    const entries: Record<'fast' | 'ordinary', AccessEntry[]> = { fast: [], ordinary: [] }
    const masters = await Promise.all(
      (['fast', 'ordinary'] as const).map(way => {
        const accessLog = (entry: AccessEntry): void => void entries[way].push(entry)
        const log = logged ? { accessLog } : {}
        return serve(t, fixture('scripted.cjs'), { numWorkers: 1, fastPath: way === 'fast', ...log })
      })
    )
    await fc.assert(
      fc.asyncProperty(CONVERSATION, async ({ requests, polite, cut }) => {
        for (const all of Object.values(entries)) all.length = 0
        const [fast, ordinary] = await Promise.all(
          masters.map(async ({ port }) => {
            const client = rawClient(t, { port, host: '127.0.0.1' })
            for (const text of requests) {
              const heads = count(client.text)
              const at = Math.ceil(text.length * cut)
              client.send(text.slice(0, at))
              await turn()
              if (at < text.length) client.send(text.slice(at))
              if (polite && isPlain(text))
                await until(() => client.ended || client.closed || count(client.text) > heads)
            }
            client.end()
            const all = await client.takeAll()
            client.socket.destroy()
            return all
              .replace(/\r\nDate: \w{3}, [^\r]*/g, '\r\nDate: now')
              .replace(LAST_REFUSAL, '')
              .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'an id')
          })
        )
        assert.equal(fast, ordinary)
        const lines = (): object[][] =>
          Object.values(entries).map(all => all.filter(({ method }) => method !== '').map(comparable))
        await until(() => new Set(lines().map(({ length }) => length)).size === 1)
        assert.deepEqual(lines()[0], lines()[1])
      }),
      { numRuns: CASES, ...(SEED === undefined ? {} : { seed: SEED }) }
    )
    for (const { srv } of masters)
      await until(() => srv.status().workers.every(worker => worker.inFlight === 0))
  })

/** How far an answer had come that the client did not get, as its connection ended before, is a matter of time. */
function comparable(entry: AccessEntry): object {
  const { method, path, whole } = entry
  return whole ? comparableEntry(entry) : { method, path, whole }
}

/** An answer to it is certain to come. */
function isPlain(text: string): boolean {
  return /^(GET|HEAD) \/echo HTTP\/1\.1\r\nHost: a\.example\r\n\r\n$/.test(text)
}

function count(text: string): number {
  return text.split('HTTP/1.1 ').length - 1
}
