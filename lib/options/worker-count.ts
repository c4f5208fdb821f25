import { availableParallelism } from 'node:os'
import { Parser } from 'expr-eval-fork'
import { OptionError } from '../errors.js'

/** A number of workers, or an expression over `cpus` such as `'cpus + 2'` or `'round(cpus / 2)'`. */
export type WorkerCount = number | string

/** More worker processes than this are taken for a mistake. */
export const MAX_WORKERS = 1024

const EXPECTED =
  `a whole number from 1 to ${MAX_WORKERS}, or an expression that gives one, ` +
  `such as 'cpus + 2' or 'round(cpus / 2)'`

/**
 * Evaluates a worker count. Expressions know `cpus` and the functions of `Math`; nothing is ever `eval`ed.
 *
 * @param option the option's name, for the error
 * @param cpus what `cpus` stands for; by default the CPUs that this process may use
 * @throws {OptionError} `UP_ERR_OPTION`: not an expression, or its value is not a whole number in range
 */
export function parseWorkerCount(
  option: string,
  value: unknown,
  cpus: number = availableParallelism()
): number {
  const count = typeof value === 'string' ? evaluate(option, value, cpus) : value
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MAX_WORKERS) {
    const shown = typeof value === 'string' && typeof count === 'number' ? `${value} (= ${count})` : value
    throw new OptionError(option, shown, EXPECTED)
  }
  return count
}

function evaluate(option: string, expression: string, cpus: number): unknown {
  // The parser takes `1;2` as two expressions and gives the last: refuse what no count needs.
  if (expression.length > 200 || expression.includes(';')) throw new OptionError(option, expression, EXPECTED)
  try {
    return parser().evaluate(expression, { cpus })
  } catch (cause) {
    throw new OptionError(option, expression, EXPECTED, cause)
  }
}

function parser(): Parser {
  const made = new Parser({ allowMemberAccess: false, operators: { assignment: false, fndef: false } })
  const functions = made.functions as Record<string, unknown>
  for (const name of Object.getOwnPropertyNames(Math)) {
    const member: unknown = Math[name as keyof Math]
    if (typeof member === 'function') functions[name] ??= member
  }
  return made
}
