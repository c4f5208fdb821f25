import { UpError } from '../errors.js'

/** A configuration file cannot be used as a whole. */
export function configError(label: string, why: string, cause?: unknown): UpError {
  return new UpError('UP_ERR_CONFIG', `${label} ${why}`, { cause })
}
