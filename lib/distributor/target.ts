import { isNativeError } from 'node:util/types'
import { show, UpError } from '../errors.js'
import { ADDRESS_FORMS, isPort, readAddress } from '../options/address.js'
import type { Address } from '../proxy/address.js'

/** What a call of `next` asks for. */
export type NextStep =
  | { readonly kind: 'continue' }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'forward'; readonly address: Address }

/**
 * Reads the arguments of `next`: nothing, an error, or an address in one of its forms. Any other value
 * is an error with the code `UP_ERR_NEXT`.
 */
export function readNext(value?: unknown, host?: unknown): NextStep {
  if (value === undefined || value === null) return { kind: 'continue' }
  if (value instanceof Error || isNativeError(value)) return { kind: 'error', error: value }
  const address = readTarget(value, host)
  return typeof address === 'string'
    ? { kind: 'error', error: unreadable(value, host, address) }
    : { kind: 'forward', address }
}

/** @returns the address, or the words for what was expected */
function readTarget(value: unknown, host: unknown): Address | string {
  // Upgrades have URLs of their own; the hop is the same.
  if (value instanceof URL && value.protocol === 'ws:')
    return readTarget(value.href.replace('ws', 'http'), host)
  // The original took an empty host for none.
  if (host === undefined || host === null || host === '') return readAddress(value)
  return isPort(value) ? readAddress({ port: value, host }) : 'a port in front of a host'
}

function unreadable(value: unknown, host: unknown, expected: string): UpError {
  const given = host === undefined ? show(value) : `${show(value)}, ${show(host)}`
  const wanted = expected === ADDRESS_FORMS ? `nothing, an Error, ${ADDRESS_FORMS}` : expected
  return new UpError('UP_ERR_NEXT', `next(${given}): expected ${wanted}`)
}
