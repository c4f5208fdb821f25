import type { ServerResponse } from 'node:http'
import type { Visit } from '../balance/policy.js'

/** Sets the cookie that the policy wants the client to have; once, also if the request is repeated. */
export function giveCookie(visit: Visit, res: ServerResponse): void {
  if (visit.setCookie === undefined || res.headersSent) return
  res.appendHeader('Set-Cookie', visit.setCookie)
  visit.setCookie = undefined
}

/** The same as a line for the head of the answer to an upgrade. */
export function cookieLine(visit: Visit | undefined): string | undefined {
  return visit?.setCookie === undefined ? undefined : `Set-Cookie: ${visit.setCookie}\r\n`
}
