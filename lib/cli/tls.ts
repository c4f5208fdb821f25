import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { OptionError } from '../errors.js'
import type { TlsFiles } from './options.js'

/** The certificate and its key, as servers and `setSecureContext` take them. */
export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * Reads the certificate and its key, and tries them out.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: a file cannot be read, is not PEM, or the two do not belong together
 */
export function readTls(files: TlsFiles): TlsMaterial {
  const cert = readPem('--tls-cert', files.cert, 'a certificate')
  const key = readPem('--tls-key', files.key, 'a private key')
  tryOut('--tls-cert', files.cert, 'a certificate in PEM form', { cert })
  tryOut('--tls-key', files.key, 'a private key in PEM form, without a passphrase', { key })
  tryOut('--tls-key', files.key, `the private key of the certificate ${files.cert}`, { cert, key })
  return { cert, key }
}

function readPem(option: string, path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new OptionError(option, path, `a file with ${what} that can be read`, cause)
  }
}

function tryOut(option: string, path: string, expected: string, material: Partial<TlsMaterial>): void {
  try {
    createSecureContext(material)
  } catch (cause) {
    throw new OptionError(option, path, expected, cause)
  }
}
