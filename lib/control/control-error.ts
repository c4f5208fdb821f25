import { ReloadError, UpError, type ErrorCode } from '../errors.js'
import { inApiTerms } from './api-terms.js'

/** A call of the control API that can't be served. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: number
  readonly code: string
  readonly fields: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, fields: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.fields = fields
  }
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  UP_ERR_OPTION: 400,
  UP_ERR_TRANSPORT: 409,
  UP_ERR_STANDBY: 409,
  UP_ERR_CLOSED: 409
}

/** An error as an answer. */
export interface ErrorBody {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: {
    readonly error: { readonly code: string; readonly message: string; readonly stderr?: string }
  }
}

export function errorBody(error: unknown): ErrorBody {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof ControlError)
    return { status: error.status, fields: error.fields, body: { error: { code: error.code, message } } }
  if (!(error instanceof UpError))
    return { status: 500, fields: {}, body: { error: { code: 'UP_ERR_INTERNAL', message } } }
  const { code } = error
  const stderr = error instanceof ReloadError && error.stderr !== '' ? { stderr: error.stderr } : {}
  return {
    status: STATUS[code] ?? 500,
    fields: {},
    body: { error: { code, message: inApiTerms(message), ...stderr } }
  }
}
