import { createRequire } from 'node:module'
import { emptyReading, type Head, type Reading } from './reading.js'

/**
 * Node's binding of llhttp, as node:http uses it. A client of node:http would show less (it joins fields,
 * hides interim answers and what follows) and cost a hundred times as much per case. `process.binding` no
 * longer knows it, `internalBinding` wants a flag; `node:_http_common` has it in every version from 20 to 26.
 */
interface HttpParser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void
  execute(bytes: Buffer): number | Error
  finish(): Error | undefined
  [callback: number]: (...args: never[]) => unknown
}

interface HttpParserClass {
  new (): HttpParser
  readonly RESPONSE: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
  readonly kLenientNone: number
}

const { HTTPParser } = createRequire(import.meta.url)('node:_http_common') as { HTTPParser: HttpParserClass }

/** Larger than any input: our limit is compared by itself. */
const MAX_HEAD = 16 * 1024 * 1024
/** What shows whether llhttp would read another response on the connection: it refuses this one otherwise. */
const NEXT = Buffer.from('HTTP')
const SKIP_BODY = 1
const READ_BODY = 0

const parser = new HTTPParser()

/**
 * Reads the bytes with llhttp, byte by byte and at once. It does not tell where a response ends, but it tells of
 * its end at the last byte; so only the former shows what follows, and whether another response could.
 */
export function readWithLlhttp(bytes: Buffer, method: string): [byByte: Reading, atOnce: Reading] {
  const byByte = readInSteps(bytes, method, 1)
  const { head, ...atOnce } = readInSteps(bytes, method, Math.max(1, bytes.length))
  const persistent = byByte.head?.persistent === true
  return [byByte, { ...atOnce, rest: byByte.rest, head: head === undefined ? head : { ...head, persistent } }]
}

function readInSteps(bytes: Buffer, method: string, step: number): Reading {
  const reading = emptyReading()
  let fields: string[] = []
  let head: Head | undefined
  let over = false
  parser.initialize(HTTPParser.RESPONSE, {}, MAX_HEAD, HTTPParser.kLenientNone)
  parser[HTTPParser.kOnHeaders] = (more: string[]) => {
    // Many fields come in several parts; trailers come so, too.
    if (head === undefined) fields.push(...more)
  }
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    last: string[] | undefined,
    _method: unknown,
    _url: unknown,
    status: number,
    reason: string,
    _upgrade: boolean,
    persistent: boolean
  ) => {
    head = { status, reason, fields: [...fields, ...(last ?? [])], persistent }
    if (over) return READ_BODY
    if (status >= 100 && status < 200 && status !== 101) reading.interim.push(head)
    else reading.head = head
    return method === 'HEAD' ? SKIP_BODY : READ_BODY
  }
  parser[HTTPParser.kOnBody] = (piece: Buffer) => {
    if (!over) reading.body += piece.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    head = undefined
    fields = []
    if (over || reading.head === undefined) return
    over = true
    reading.ending = reading.head.status === 101 ? 'tunnel' : 'whole'
  }
  for (let at = 0; at < bytes.length; at += step) {
    const result = parser.execute(bytes.subarray(at, at + step))
    if (over) {
      reading.rest = bytes.toString('latin1', at + step)
      if (reading.ending === 'whole' && reading.head !== undefined)
        reading.head.persistent = !(parser.execute(NEXT) instanceof Error)
      return reading
    }
    if (result instanceof Error) return refused(reading, result)
  }
  const result = parser.finish()
  if (over && reading.head !== undefined) reading.head.persistent = false
  if (result instanceof Error && !over) reading.why = String(Reflect.get(result, 'reason'))
  return reading
}

function refused(reading: Reading, error: Error): Reading {
  reading.ending = 'refused'
  reading.why = String(Reflect.get(error, 'reason'))
  return reading
}
