import { OptionError } from '../errors.js'
import { asOneOf } from './checks.js'

/** How a request gets to a worker: see `UpOptions.transport`. */
export type Transport = 'proxy' | 'handoff'

/** What needs a master that reads requests, and what to do without. */
const OF_PROXY: Readonly<Record<string, string>> = {
  balance: 'connections are balanced, not requests',
  maxConnections: 'the master has no connections to workers; see server.maxConnections of node:net',
  trustProxy: 'the master adds no fields; the app gets those of the client as they are',
  maxHeld: 'connections wait in the queue of the listening socket',
  holdTimeout: 'connections wait in the queue of the listening socket',
  holdFile: 'requests cannot be held one by one; see pause()',
  holdPoll: 'requests cannot be held one by one; see pause()',
  holdResponse: 'the master answers nothing',
  proxyTimeout: 'the master does not wait for answers',
  via: 'the master adds no fields',
  healthPrefix: 'the master sees no request; ask the control API',
  fastPath: 'the master forwards nothing',
  accessLog: 'the master sees no request',
  workerBind: 'the workers listen on the port itself'
}

/**
 * @param given all options
 * @throws {OptionError} `UP_ERR_OPTION`: no transport, or one that cannot do what another option asks for
 */
export function parseTransport(given: Readonly<Record<string, unknown>>): Transport {
  const transport = asOneOf('transport', given['transport'] ?? 'proxy', ['proxy', 'handoff'])
  if (transport === 'proxy') return transport
  for (const [name, why] of Object.entries(OF_PROXY)) {
    if (given[name] != null)
      throw new OptionError(name, given[name], `absent with transport: 'handoff': ${why}`)
  }
  return transport
}
