import type { Entry, Layer } from '../config/precedence.js'
import { OptionError, UpError } from '../errors.js'
import type { Problems } from './problems.js'

/**
 * Has the library check its options, whatever they come from.
 *
 * @returns those that are right; where one is wrong, that is kept under the name of its place
 */
export function checkOptions(
  given: Layer,
  names: Readonly<Record<string, true>>,
  resolve: (options: object) => unknown,
  problems: Problems
): Record<string, unknown> {
  const left = new Map([...given].filter(([name]) => Object.hasOwn(names, name)))
  for (;;) {
    const options = Object.fromEntries([...left].map(([name, { value }]) => [name, value]))
    try {
      resolve(options)
      return options
    } catch (error) {
      if (!(error instanceof OptionError)) throw error
      const key = /^\w+/.exec(error.option)?.[0] ?? ''
      const entry = left.get(key)
      problems.add(entry === undefined ? error : renamed(error, key, entry))
      // Without it the others can still be checked.
      if (!left.delete(key)) return options
    }
  }
}

function renamed(error: OptionError, key: string, { from }: Entry): UpError {
  return new UpError('UP_ERR_OPTION', `${from.name}${error.message.slice(key.length)}`, { cause: error })
}
