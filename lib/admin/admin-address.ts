import { isIP, isIPv4 } from 'node:net'
import { OptionError } from '../errors.js'

/** Where the admin server listens. */
export interface AdminAddress {
  /** A name or an address, without the brackets of IPv6. */
  readonly host: string
  /** 0 is any free one. */
  readonly port: number
}

const EXPECTED = 'a port, or an address and a port: 9000, 127.0.0.1:9000, [::1]:9000; port 0 is any free one'

/** @throws {OptionError} `UP_ERR_OPTION` */
export function parseAdminAddress(name: string, value: unknown): AdminAddress {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([\da-f:.]+)\]:|([a-z\d._-]+):)?(\d{1,5})$/i.exec(String(value)) ?? []
  const host = bracketed ?? plain ?? '127.0.0.1'
  const port = Number(digits)
  if (digits === '' || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6))
    throw new OptionError(name, value, EXPECTED)
  return { host, port }
}

/** Whether only this machine can connect to it. Of names `localhost` alone is known to lead there. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  return plain === 'localhost' || plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/** As it stands in a URL. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
