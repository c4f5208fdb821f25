import type { ServerResponse } from 'node:http'
import type { Visit } from '../balance/policy.js'

/** Sets the cookies that the policy wants the client to have; once, also if the request is repeated. */
export function giveCookies(visit: Visit, res: ServerResponse): void {
  if (visit.setCookies === undefined || res.headersSent) return
  for (const setCookie of visit.setCookies) res.appendHeader('Set-Cookie', setCookie)
  visit.setCookies = undefined
}

/** The same as lines for the head of the answer to an upgrade. */
export function cookieLines(visit: Visit | undefined): string | undefined {
  return visit?.setCookies?.map(setCookie => `Set-Cookie: ${setCookie}\r\n`).join('')
}
