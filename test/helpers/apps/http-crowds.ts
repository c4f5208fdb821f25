import type { CrowdOptions } from './crowd.js'
import { HttpTalker, type HttpTalkerOptions } from './http-talker.js'

/** Clients that keep their connection, and clients that have one for each request. */
export function httpCrowds(
  port: number,
  how: Pick<HttpTalkerOptions, 'questions' | 'secure'> = {}
): CrowdOptions[] {
  return [
    { name: 'keep-alive', size: 6, make: () => new HttpTalker({ port, ...how }) },
    { name: 'a connection each', size: 2, make: () => new HttpTalker({ port, keepAlive: false, ...how }) }
  ]
}
