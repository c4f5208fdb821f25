import type { Writable } from 'node:stream'

/**
 * Writes to a stream whose reader may be slow.
 *
 * @returns undefined when there is room for more; else a promise for when there is, or when nobody reads any more
 */
export function patientWrite(stream: Writable, text: string | Uint8Array): Promise<void> | undefined {
  // Who puts a function of his own in its place may return nothing.
  if ((stream.write(text) as unknown) !== false) return undefined
  // What waits behind the text tells also of a stream that is broken, of which no 'drain' would come.
  return new Promise(resolve => stream.write('', () => resolve()))
}
