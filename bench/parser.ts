// `npm run bench:parser`: the CPU time that the parsing of one answer costs. See docs/performance.md.
import { ResponseParser, type ResponseReceiver } from '#lib/proxy/response-parser.js'

interface Sample {
  readonly title: string
  /** The reads in which the answer comes. */
  readonly reads: readonly Buffer[]
}

const DATE = 'Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n'
const KEPT = 'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n'
const HELLO = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${DATE}${KEPT}`
const EXPRESS =
  'HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nAccess-Control-Allow-Origin: *\r\n' +
  'Content-Type: application/json; charset=utf-8\r\nCache-Control: no-cache, no-store, must-revalidate\r\n' +
  'ETag: W/"1b-4M+Xy8GVfnZ1ZkDaSIU4T8SoQLs"\r\nVary: Accept-Encoding\r\n' +
  'Set-Cookie: connect.sid=s%3A0123456789abcdef.0123456789abcdef; Path=/; HttpOnly\r\n' +
  'X-Content-Type-Options: nosniff\r\nStrict-Transport-Security: max-age=15552000; includeSubDomains\r\n' +
  `X-Request-Id: 7b7ff0d1-1bb0-4b1f-9a4b-000000000000\r\n${DATE}${KEPT}`
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'
const SMALL_CHUNKS = 'c\r\nhello world\n\r\n'.repeat(100)
const LARGE_HEAD = `HTTP/1.1 204 No Content\r\n${'X-Field: some value of usual length\r\n'.repeat(1600)}\r\n`

const SAMPLES: readonly Sample[] = [
  { title: 'hello world', reads: [bytes(`${HELLO}Content-Length: 12\r\n\r\nhello world\n`)] },
  {
    title: 'hello world, head and body in two reads',
    reads: [bytes(`${HELLO}Content-Length: 12\r\n\r\n`), bytes('hello world\n')]
  },
  {
    title: 'hello world, head cut in two',
    reads: [bytes(HELLO), bytes('Content-Length: 12\r\n\r\nhello world\n')]
  },
  { title: 'hello world, chunked', reads: [bytes(`${HELLO}${CHUNKED}c\r\nhello world\n\r\n0\r\n\r\n`)] },
  { title: 'an Express answer with 13 fields', reads: [bytes(`${EXPRESS}Content-Length: 2\r\n\r\n{}`)] },
  { title: '100 chunks of 12 bytes', reads: [bytes(`${HELLO}${CHUNKED}${SMALL_CHUNKS}0\r\n\r\n`)] },
  { title: 'a head of 60 kB', reads: [bytes(LARGE_HEAD)] },
  { title: 'a head of 60 kB, byte by byte', reads: byteByByte(LARGE_HEAD) }
]

/** How long one measurement takes. */
const ROUND_MS = 300
const ROUNDS = Number(process.argv[2] ?? 7)

let answers = 0
const receiver: ResponseReceiver = {
  onInformation() {},
  onHead() {},
  onData() {},
  onEnd() {
    answers++
  }
}

const times = new Map(SAMPLES.map(sample => [sample, [] as number[]]))
for (let round = 0; round <= ROUNDS; round++) {
  for (const [sample, list] of times) {
    const time = measure(sample.reads)
    // The first round warms up.
    if (round > 0) list.push(time)
  }
}
console.log(`CPU time per answer, median of ${ROUNDS} rounds; Node ${process.version}`)
for (const [{ title }, list] of times) {
  const median = list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN
  console.log(`${median.toFixed(2).padStart(10)} us  ${title}`)
}

/** The CPU time of one answer in microseconds. */
function measure(reads: readonly Buffer[]): number {
  const before = answers
  const start = process.cpuUsage()
  const until = performance.now() + ROUND_MS
  do {
    for (let i = 0; i < 20; i++) {
      const parser = new ResponseParser('GET', receiver)
      for (const read of reads) parser.execute(read)
    }
  } while (performance.now() < until)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / (answers - before)
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function byteByByte(text: string): Buffer[] {
  return Array.from(text, byte => bytes(byte))
}
