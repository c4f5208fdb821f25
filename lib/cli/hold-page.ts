import { readFileSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { OptionError } from '../errors.js'
import type { HoldAnswer } from '../options/hold-response.js'

/** It stays in memory, and may be sent to as many clients at once as wait. */
const MAX_BYTES = 1_048_576
const EXPECTED = 'a text file in UTF-8 that can be read, of 1 MB at most'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json'
}

/**
 * Reads the file whose content a request gets that is held no longer.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: it cannot be read, is too long, or is no text
 */
export function readHoldPage(name: string, path: unknown): HoldAnswer {
  try {
    const body = readText(String(path))
    const type = TYPES[extname(String(path)).toLowerCase()] ?? 'text/plain; charset=utf-8'
    return { headers: { 'Content-Type': type }, body }
  } catch (cause) {
    throw new OptionError(name, path, EXPECTED, cause)
  }
}

function readText(path: string): string {
  const stat = statSync(path)
  // A device or a pipe might never end.
  if (!stat.isFile() || stat.size > MAX_BYTES) throw new Error(`${path} is no file, or too long`)
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
}
