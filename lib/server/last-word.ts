import { UpError } from '../errors.js'

/** Of a port that cannot be had workers leave it to us to tell: that must not be lost where nobody listens for `fail`. */
export function lastWord(error: Error, isHeard: boolean): void {
  if (!isHeard && error instanceof UpError && error.code === 'UP_ERR_LISTEN')
    process.stderr.write(`${error.message}\n`)
}
