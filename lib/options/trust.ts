import proxyAddr from 'proxy-addr'
import { OptionError } from '../errors.js'

const EXPECTED =
  `true, false, an address or network such as '10.0.0.0/8' or 'loopback', a list of these, ` +
  `or a function (address) => boolean`

/**
 * Makes the function that says whether a peer's `X-Forwarded-*` fields are believed.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: not a form of `trustProxy`
 */
export function parseTrust(option: string, value: unknown): (address: string) => boolean {
  if (typeof value === 'boolean') return () => value
  if (typeof value === 'function') {
    const ask = value as (address: string) => unknown
    return address => ask(address) === true
  }
  if (typeof value !== 'string' && !Array.isArray(value)) throw new OptionError(option, value, EXPECTED)
  try {
    const list = typeof value === 'string' ? value.split(/ *, */) : (value as string[])
    const compiled = proxyAddr.compile(list)
    return address => address !== '' && compiled(address, 0)
  } catch (cause) {
    throw new OptionError(option, value, EXPECTED, cause)
  }
}
