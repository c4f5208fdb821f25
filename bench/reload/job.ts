import { randomBytes } from 'node:crypto'
import { answerTo } from './app.js'

/** One request: what is sent, piece by piece, and what is to come back. */
export interface Job {
  readonly name: string
  readonly pieces: readonly Buffer[]
  readonly expected: Buffer
  readonly upload: boolean
}

export type JobKind = 'get' | 'length' | 'chunked'

const MAX_BODY = 48 * 1024
const PIECES = 4
const NOISE = randomBytes(MAX_BODY * 2)

let count = 0

/** A request that no other one is like, so that an answer to another one would be noticed. */
export function makeJob(kind: JobKind): Job {
  const path = `/${kind}/${++count}`
  if (kind === 'get') {
    const expected = Buffer.from(answerTo(path))
    return { name: `GET ${path}`, pieces: [head('GET', path, '')], expected, upload: false }
  }
  const start = Math.floor(Math.random() * MAX_BODY)
  const expected = NOISE.subarray(start, start + 1 + Math.floor(Math.random() * MAX_BODY))
  const parts = split(expected)
  const pieces =
    kind === 'length'
      ? [head('POST', path, `Content-Length: ${expected.length}\r\n`), ...parts]
      : [
          head('POST', path, 'Transfer-Encoding: chunked\r\n'),
          ...parts.map(chunk),
          Buffer.from('0\r\n\r\n', 'latin1')
        ]
  return { name: `POST ${path}`, pieces, expected, upload: true }
}

function head(method: string, path: string, fields: string): Buffer {
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bench.test\r\n${fields}\r\n`, 'latin1')
}

function split(body: Buffer): Buffer[] {
  const size = Math.ceil(body.length / PIECES)
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += size) parts.push(body.subarray(at, at + size))
  return parts
}

function chunk(part: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
}
