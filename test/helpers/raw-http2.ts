import type { TestContext } from 'node:test'
import type { Address } from '#lib/proxy/address.js'
import { rawClient, type RawPeer } from './raw.js'

const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION'
] as const
type FrameType = (typeof TYPES)[number]

export interface Frame {
  readonly type: FrameType | undefined
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export const END_STREAM = 1
const ACK = 1
const END_HEADERS = 4
const MAX_FRAME = 16_384
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** The fields of an ordinary request, to be changed. */
export const GET: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'front'],
  [':path', '/']
]

/** What became of a stream: the first bytes of its answer's status, or how it was refused. */
export type StreamEnd = 'answered' | 'refused' | 'reset' | 'goaway' | 'closed'

/** A client of HTTP/2 that is written frame by frame, and so can say what no real one would. */
export class RawHttp2 {
  readonly peer: RawPeer

  constructor(t: TestContext, address: Address) {
    this.peer = rawClient(t, address)
    this.peer.send(PREFACE)
    this.frame('SETTINGS', 0, 0)
  }

  frame(type: FrameType, flags: number, stream: number, payload: Buffer | string = ''): this {
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
    const head = Buffer.alloc(9)
    head.writeUIntBE(bytes.length, 0, 3)
    head.writeUInt8(TYPES.indexOf(type), 3)
    head.writeUInt8(flags, 4)
    head.writeUInt32BE(stream, 5)
    this.peer.send(Buffer.concat([head, bytes]))
    return this
  }

  headers(stream: number, fields: readonly (readonly [string, string])[], flags = END_STREAM): this {
    const block = Buffer.concat(fields.map(([name, value]) => literal(name, value)))
    if (block.length <= MAX_FRAME) return this.frame('HEADERS', END_HEADERS | flags, stream, block)
    this.frame('HEADERS', flags, stream, block.subarray(0, MAX_FRAME))
    for (let at = MAX_FRAME; at < block.length; at += MAX_FRAME) {
      const end = at + MAX_FRAME >= block.length ? END_HEADERS : 0
      this.frame('CONTINUATION', end, stream, block.subarray(at, at + MAX_FRAME))
    }
    return this
  }

  reset(stream: number, code: number): this {
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(code)
    return this.frame('RST_STREAM', 0, stream, payload)
  }

  /** The next frame; settings are acknowledged and not returned. */
  async take(): Promise<Frame> {
    for (;;) {
      const head = Buffer.from(await this.peer.takeBytes(9), 'latin1')
      const payload = Buffer.from(await this.peer.takeBytes(head.readUIntBE(0, 3)), 'latin1')
      const type = TYPES[head.readUInt8(3)]
      const flags = head.readUInt8(4)
      if (type !== 'SETTINGS') return { type, flags, stream: head.readUInt32BE(5), payload }
      if ((flags & ACK) === 0) this.frame('SETTINGS', ACK, 0)
    }
  }

  /** The next frame of this type. */
  async takeType(type: FrameType): Promise<Frame> {
    for (;;) {
      const frame = await this.take()
      if (frame.type === type) return frame
    }
  }

  /** Waits until the server is done with a stream, and tells how. */
  async end(stream: number): Promise<StreamEnd> {
    let refused = false
    try {
      for (;;) {
        const frame = await this.take()
        if (frame.type === 'GOAWAY') return 'goaway'
        if (frame.stream !== stream) continue
        if (frame.type === 'RST_STREAM') return refused ? 'refused' : 'reset'
        // 400 and 405 by the table that both sides have (RFC 7541 appendix A), or by its name.
        if (frame.type === 'HEADERS' && !is200(frame.payload)) refused = true
        if ((frame.flags & END_STREAM) !== 0) return refused ? 'refused' : 'answered'
      }
    } catch (error) {
      if (this.peer.closed || this.peer.ended) return 'closed'
      throw error
    }
  }
}

/** Perhaps behind updates of the table's size, which begin with the bits 001. */
function is200(block: Buffer): boolean {
  let at = 0
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++
  return block[at] === 0x88
}

/** A field that is not put into the table, name and value not compressed (RFC 7541 section 6.2.2). */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}
