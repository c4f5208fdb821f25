import { OptionError } from '../errors.js'

const FORMS = `a status, or a list of statuses and ranges such as '200-299,404'`

/**
 * Reads which statuses are meant.
 *
 * @throws {OptionError} `UP_ERR_OPTION`
 */
export function parseStatuses(option: string, value: unknown): (status: number) => boolean {
  if (typeof value === 'number' && isStatus(value)) return status => status === value
  if (typeof value !== 'string') throw new OptionError(option, value, FORMS)
  const ranges = value.split(',').map(part => {
    const [, from, to] = /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(part) ?? []
    const range: readonly [number, number] = [Number(from), Number(to ?? from)]
    if (!isStatus(range[0]) || !isStatus(range[1]) || range[0] > range[1])
      throw new OptionError(option, value, FORMS)
    return range
  })
  return status => ranges.some(([from, to]) => status >= from && status <= to)
}

function isStatus(value: number): boolean {
  return Number.isInteger(value) && value >= 100 && value <= 599
}
