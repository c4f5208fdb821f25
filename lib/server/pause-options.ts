import { OptionError } from '../errors.js'
import { asObject } from '../options/checks.js'
import { parseDuration } from '../options/duration.js'
import { assertKnown } from '../options/serving.js'
import type { PauseOptions, PauseResult, ResumeOptions } from './api.js'

const MAX_RATE = 1_000_000

/** @throws {OptionError} `UP_ERR_OPTION` */
export function parsePause(options: PauseOptions): { timeoutMs: number; holdTimeoutMs: number | undefined } {
  const given = asObject('pause(options)', options)
  assertKnown(given, { timeout: true, holdTimeout: true })
  const { timeout, holdTimeout } = given
  return {
    timeoutMs: parseDuration('pause({ timeout })', timeout ?? '30s'),
    holdTimeoutMs: holdTimeout == null ? undefined : parseDuration('pause({ holdTimeout })', holdTimeout)
  }
}

/**
 * @returns the rate; undefined: none
 * @throws {OptionError} `UP_ERR_OPTION`
 */
export function parseResume(options: ResumeOptions): number | undefined {
  const given = asObject('resume(options)', options)
  assertKnown(given, { rate: true })
  const { rate } = given
  if (rate == null) return undefined
  if (typeof rate !== 'number' || !(rate > 0) || rate > MAX_RATE)
    throw new OptionError(
      'resume({ rate })',
      rate,
      `a number of requests a second, more than 0, to ${MAX_RATE}`
    )
  return rate
}

/** What pauses that began together came to. */
export function together(results: readonly PauseResult[]): PauseResult {
  return {
    drained: results.every(({ drained }) => drained),
    remaining: results.reduce((sum, { remaining }) => sum + remaining, 0)
  }
}
