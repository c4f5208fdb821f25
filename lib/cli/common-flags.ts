import { parseAdminAddress, type AdminAddress } from '../admin/admin-address.js'
import { checkAdminToken } from '../admin/admin-token.js'
import { POLICY_NAMES } from '../options/balance.js'
import { asBoolean, asString } from '../options/checks.js'
import { parseDuration, positiveDuration } from '../options/duration.js'
import { parseHealthPrefix } from '../options/health-prefix.js'
import type { ServingOptions } from '../options/serving.js'
import type { Flag } from './flag.js'
import { asControl, asHost, asInstanceName, asPort, checkedBy, oneOf, whole } from './flag-values.js'
import { readHoldPage } from './hold-page.js'
import type { LogSettings } from './log-flags.js'

/** What options say about the master itself. */
export interface MasterSettings extends LogSettings {
  readonly port: number
  readonly host: string
  readonly tlsCert: string
  readonly tlsKey: string
  readonly pidFile: string
  readonly name: string
  readonly control: string | false
  readonly admin: AdminAddress
  readonly adminToken: string
  readonly config: string | false
}

/** Option of a command: where it listens. `otherwise` says where without it. */
export function portFlag(otherwise: string): Flag<MasterSettings> {
  return {
    flags: '-p, --port <port>',
    text: `port to listen on, 0 for any free one (default: ${otherwise})`,
    sets: 'port',
    read: asPort
  }
}

/** Options of every command: how its master listens. */
export const LISTENING: readonly Flag<MasterSettings>[] = [
  {
    flags: '--host <address>',
    text: 'address to listen on (default: all interfaces)',
    sets: 'host',
    read: asHost
  },
  {
    flags: '--tls-cert <file>',
    text: 'serve HTTPS, by HTTP/2 and HTTP/1.1, with this certificate (PEM); a renewed one is picked up',
    sets: 'tlsCert',
    read: asString,
    needs: '--tls-key'
  },
  {
    flags: '--tls-key <file>',
    text: 'private key of the certificate (PEM)',
    sets: 'tlsKey',
    read: asString,
    needs: '--tls-cert'
  },
  {
    flags: '-f, --pidfile <file>',
    text: "file for the master's pid, removed at exit",
    sets: 'pidFile',
    read: asString
  },
  {
    flags: '--name <name>',
    text: "what up status and the like call it (default: the app's name)",
    sets: 'name',
    read: asInstanceName
  },
  {
    flags: '--control <path>',
    text: 'path of the control socket (default: by name, in a folder of this user)',
    sets: 'control',
    read: asControl
  },
  {
    flags: '--no-control',
    text: 'no control socket',
    sets: 'control',
    read: asControl
  },
  {
    flags: '--admin <host:port>',
    text: 'live page and control API by HTTP at [host:]port (host: 127.0.0.1 by default), port 0 for any free one',
    sets: 'admin',
    read: parseAdminAddress
  },
  {
    flags: '--admin-token <token>',
    text: 'what clients of --admin must know, from 16 characters on (default: env UP_ADMIN_TOKEN, else nothing); needed where other machines can connect',
    sets: 'adminToken',
    read: checkAdminToken,
    needs: '--admin',
    mayIdle: true
  },
  {
    flags: '--config <file>',
    text: 'configuration file (default: up.config.ts, .mts, .js, .mjs, .cjs or .json, or "up" in package.json)',
    sets: 'config',
    read: asString
  },
  {
    flags: '--no-config',
    text: 'no configuration file',
    sets: 'config',
    read: () => false
  }
]

/** Options of every command: how requests are balanced and held. `what` serves them. */
export function servingFlags(what: 'worker' | 'upstream'): readonly Flag<ServingOptions>[] {
  return [
    {
      flags: '--balance <policy>',
      text: `which ${what} gets a request: ${POLICY_NAMES.join(', ')} (default: round-robin)`,
      sets: 'balance',
      read: oneOf(POLICY_NAMES)
    },
    {
      flags: '--max-connections <count>',
      text: `connections for requests to each ${what} at most (default: 256)`,
      sets: 'maxConnections',
      read: whole(1)
    },
    {
      flags: '--proxy-timeout <time>',
      text: `how long ${what === 'worker' ? 'a worker' : 'an upstream'} may stay silent in a request, 0 for no limit (default: 60s)`,
      sets: 'proxyTimeout',
      read: parseDuration
    },
    {
      flags: '--max-held <count>',
      text: 'requests that may be held at once (default: 1000)',
      sets: 'maxHeld',
      read: whole(0)
    },
    {
      flags: '--hold-timeout <time>',
      text: 'how long a request may be held, 0 for no limit (default: 30s)',
      sets: 'holdTimeout',
      read: parseDuration
    },
    {
      flags: '--hold-file <path>',
      text: 'hold requests while this file is missing, serve them when it is there',
      sets: 'holdFile',
      read: asString
    },
    {
      flags: '--hold-poll <time>',
      text: 'how often to look at it where its folder cannot be watched (default: 1s)',
      sets: 'holdPoll',
      read: positiveDuration,
      needs: '--hold-file'
    },
    {
      flags: '--hold-response <file>',
      text: 'body of the 503 for what cannot be held, or not any longer: .html, .json, else plain text (default: none)',
      sets: 'holdResponse',
      read: readHoldPage
    },
    {
      flags: '--health <prefix>',
      text: 'answer at <prefix>/healthz and <prefix>/readyz whether up lives, and can serve (default: nowhere)',
      sets: 'healthPrefix',
      read: checkedBy(parseHealthPrefix)
    },
    {
      flags: '--no-via',
      text: 'leave the Via fields of requests and answers as they are',
      sets: 'via',
      read: asBoolean
    }
  ]
}
