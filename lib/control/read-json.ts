import type { IncomingMessage } from 'node:http'
import { OptionError } from '../errors.js'
import { ControlError } from './control-error.js'

/** More than any call needs, in bytes. */
const MAX_BYTES = 65_536

/**
 * The object that a request brings; an empty one without a body.
 *
 * @throws {ControlError} 413, 415, 400
 */
export async function readJson(req: IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of req as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MAX_BYTES)
      throw new ControlError(413, 'UP_ERR_TOO_LARGE', `the body is larger than ${MAX_BYTES} bytes`, {
        Connection: 'close'
      })
    pieces.push(piece)
  }
  if (size === 0) return {}
  // What a page of another site can send without being asked first is none of ours.
  const type = req.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new ControlError(
      415,
      'UP_ERR_MEDIA_TYPE',
      `the body is ${type ?? 'of no type'}, but must be application/json`
    )
  const value = parse(Buffer.concat(pieces).toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionError('the body', value, 'a JSON object')
  return value as Record<string, unknown>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new OptionError('the body', text, 'a JSON object', cause)
  }
}
