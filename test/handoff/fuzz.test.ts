import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { serve, writeApp } from '../helpers/app.js'
import { countMessages } from '../helpers/handoff.js'
import { rawClient, type RawPeer } from '../helpers/raw.js'

/** So many connections change their worker, in all. */
const MOVES = 5000
const CONNECTIONS = 80
/** The run ends without having seen enough, in milliseconds. */
const LIMIT_MS = 90_000

/** Says what came, byte by byte, and at which number of its connection. No field depends on the time. */
const APP = `
import { createServer } from 'node:http'
const server = createServer({ keepAliveTimeout: 0 }, async (req, res) => {
  const pieces = []
  for await (const piece of req) pieces.push(piece)
  const body = Buffer.concat(pieces)
  const [, kind, seq] = req.url.split('/')
  const framing = kind === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': body.length }
  res.sendDate = false
  res.writeHead(200, { 'X-Seq': seq, Connection: 'keep-alive', ...framing })
  if (kind === 'late') await new Promise(resolve => setTimeout(resolve, 2))
  const half = body.length >> 1
  if (half > 0) {
    res.write(body.subarray(0, half))
    // Newer versions of Node join the chunks of one tick.
    await new Promise(resolve => setImmediate(resolve))
    res.write(body.subarray(half))
  }
  res.end()
})
export default server
`

/** A sequence that a seed decides: Mulberry32. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number from 0, less than the limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0]
  }

  text(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(97 + this.below(26))).join('')
  }
}

interface Exchange {
  readonly request: string
  readonly answer: string
}

function exchange(random: Random, seq: number): Exchange {
  const kind = random.pick(['length', 'chunked', 'late'])
  const body = random.text(
    random.below(4) === 0 ? 0 : 2 * random.below(random.below(20) === 0 ? 20_000 : 150)
  )
  const upload = random.pick(['length', 'chunked'])
  const start = `POST /${kind}/${seq} HTTP/1.1\r\nHost: up\r\n`
  const request =
    upload === 'length'
      ? `${start}Content-Length: ${body.length}\r\n\r\n${body}`
      : `${start}Transfer-Encoding: chunked\r\n\r\n${chunks(random, body)}`
  const half = body.length / 2
  const framing = kind === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  const content =
    kind === 'chunked' ? `${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\n\r\n` : body
  const answer = `HTTP/1.1 200 OK\r\nX-Seq: ${seq}\r\nConnection: keep-alive\r\n${framing}\r\n\r\n${content}`
  return { request, answer }
}

function chunks(random: Random, body: string): string {
  const cut = random.below(body.length + 1)
  return `${chunk(body.slice(0, cut))}${chunk(body.slice(cut))}0\r\n\r\n`
}

function chunk(text: string): string {
  return text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`
}

/** Sends requests, up to four ahead, cut anywhere, and compares every byte of what comes back. */
async function converse(peer: RawPeer, random: Random, isOver: () => boolean): Promise<number> {
  let seq = 0
  while (!isOver()) {
    const batch = Array.from({ length: 1 + random.below(4) }, () => exchange(random, seq++))
    let rest = batch.map(({ request }) => request).join('')
    for (let cuts = random.below(4); cuts > 0; cuts--) {
      const at = random.below(rest.length)
      peer.send(rest.slice(0, at))
      rest = rest.slice(at)
      await delay(random.below(4))
    }
    peer.send(rest)
    const wanted = batch.map(({ answer }) => answer).join('')
    assert.equal(await peer.takeBytes(wanted.length), wanted)
    await delay(random.below(120))
  }
  assert.deepEqual([peer.text, peer.ended, peer.closed], ['', false, false])
  return seq
}

test('every byte arrives, in order, once, while connections change their workers thousands of times', async t => {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
  t.diagnostic(`SEED=${seed}`)
  const file = writeApp(t, APP).file
  const { srv, port, failures } = await serve(t, file, { transport: 'handoff', strategy: 'all' })
  const moves = countMessages(srv, 'up:adopted')
  let over = false
  const peers = Array.from({ length: CONNECTIONS }, () => rawClient(t, { port, host: '127.0.0.1' }))
  let broken = false
  const talks = peers.map((peer, i) => converse(peer, new Random(seed + i), () => over))
  for (const talk of talks) talk.catch(() => (broken = true))

  const start = performance.now()
  const driver = new Random(seed - 1)
  for (let round = 1; moves() < MOVES && !broken && performance.now() - start < LIMIT_MS; round++) {
    const paused = srv.pause()
    // Also half-way: while connections are under way to the master, or back.
    if (driver.below(3) > 0) await paused
    else await delay(driver.below(4))
    await srv.resume()
    await delay(driver.below(6))
    if (round % 40 === 0) await srv.reload()
    if (round % 40 === 20) await srv.scale(round % 80 === 20 ? 3 : 2)
  }
  over = true

  const requests = (await Promise.all(talks)).reduce((sum, count) => sum + count, 0)
  t.diagnostic(`${moves()} moves, ${requests} requests, generation ${srv.generation}`)
  assert.ok(moves() >= MOVES, `only ${moves()} moves`)
  assert.deepEqual(failures, [])
})
