/** One whole answer. */
export interface Answer {
  readonly status: number
  readonly body: Buffer
  /** It said `Connection: close`. */
  readonly closes: boolean
  /** Bytes behind it; there should be none. */
  readonly extra: number
}

/** Reads the answer that `bytes` begins with; undefined while it is not whole. Throws if it is none. */
export function readAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const match = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)
  if (match === null) throw new Error(`the status line is ${JSON.stringify(statusLine)}`)
  const fields = new Map(lines.map(readField))
  const start = end + 4
  const length = fields.get('content-length')
  const found =
    length !== undefined
      ? readCounted(bytes, start, Number(length))
      : fields.get('transfer-encoding') === 'chunked'
        ? readChunks(bytes, start)
        : fail('the answer has neither Content-Length nor chunks')
  if (found === undefined) return undefined
  return {
    status: Number(match[1]),
    body: found.body,
    closes: fields.get('connection')?.toLowerCase() === 'close',
    extra: bytes.length - found.end
  }
}

function readField(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

interface Body {
  readonly body: Buffer
  readonly end: number
}

function readCounted(bytes: Buffer, start: number, length: number): Body | undefined {
  const end = start + length
  return bytes.length < end ? undefined : { body: bytes.subarray(start, end), end }
}

function readChunks(bytes: Buffer, start: number): Body | undefined {
  const pieces: Buffer[] = []
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!Number.isInteger(size)) fail('a chunk has no size')
    const from = lineEnd + 2
    const to = from + size
    if (bytes.length < to + 2) return undefined
    if (bytes.toString('latin1', to, to + 2) !== '\r\n') fail('a chunk is longer than its size')
    if (size === 0) return { body: Buffer.concat(pieces), end: to + 2 }
    pieces.push(bytes.subarray(from, to))
    at = to + 2
  }
}

function fail(message: string): never {
  throw new Error(message)
}
