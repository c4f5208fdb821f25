import { UpError } from '../errors.js'

export function closedError(): UpError {
  return new UpError('UP_ERR_CLOSED', 'the server is closing')
}
