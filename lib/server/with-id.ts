import type { ErrorAnswer } from '../distributor/default-handlers.js'
import { REQUEST_ID } from '../proxy/request-id.js'

/** An answer of ours that tells the request's id, if that has one. */
export function withId(answer: ErrorAnswer, id: string | undefined): ErrorAnswer {
  return id === undefined ? answer : { ...answer, fields: { ...answer.fields, [REQUEST_ID]: id } }
}
