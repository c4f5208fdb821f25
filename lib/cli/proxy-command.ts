import { Command } from 'commander'
import { asString } from '../options/checks.js'
import { parseDuration, positiveDuration } from '../options/duration.js'
import { parseHealthPath, type ProxyOptions } from '../options/proxy-options.js'
import { parseStatuses } from '../options/status-list.js'
import { LISTENING, portFlag, servingFlags, type MasterSettings } from './common-flags.js'
import { LOGGING } from './log-flags.js'
import { addFlags, type Flag } from './flag.js'
import { checkedBy, oneOf, whole } from './flag-values.js'

/** What the options of `up proxy` set: those of its ProxyServer, and some of its own. */
export interface ProxySettings extends MasterSettings, ProxyOptions {
  readonly title: string
}

/** The options of `up proxy <upstream...>`, in the order of the help. */
export const PROXY_FLAGS: readonly Flag<ProxySettings>[] = [
  portFlag('env PORT, else 3000'),
  ...LISTENING,
  {
    flags: '-T, --title <title>',
    text: 'process title: "<title> proxy"',
    sets: 'title',
    read: asString
  },
  {
    flags: '-t, --timeout <time>',
    text: 'how long what is in flight may take at the end, 0: it is cut off (default: 30s)',
    sets: 'closeTimeout',
    read: parseDuration
  },
  {
    flags: '--host-header <whose>',
    text: "which Host an upstream gets: client (the client's) or upstream (its own address) (default: client)",
    sets: 'hostHeader',
    read: oneOf(['client', 'upstream'])
  },
  {
    flags: '--connect-timeout <time>',
    text: 'how long a connection to an upstream may take to stand (default: 3s)',
    sets: 'connectTimeout',
    read: positiveDuration
  },
  ...servingFlags('upstream'),
  {
    flags: '--health-path <path>',
    text: 'path to ask each upstream for, such as /up: who does not answer well gets no requests (default: none)',
    sets: 'healthPath',
    read: parseHealthPath
  },
  {
    flags: '--health-interval <time>',
    text: 'time from one such check to the next (default: 2s)',
    sets: 'healthInterval',
    read: positiveDuration,
    needs: '--health-path'
  },
  {
    flags: '--health-timeout <time>',
    text: 'how long the answer to a check may take (default: 2s)',
    sets: 'healthTimeout',
    read: positiveDuration,
    needs: '--health-path'
  },
  {
    flags: '--health-passes <count>',
    text: 'checks in a row that an upstream has to pass to come back (default: 2)',
    sets: 'healthPasses',
    read: whole(1, 100),
    needs: '--health-path'
  },
  {
    flags: '--health-fails <count>',
    text: 'checks in a row that it has to fail to leave (default: 3)',
    sets: 'healthFails',
    read: whole(1, 100),
    needs: '--health-path'
  },
  {
    flags: '--health-status <list>',
    text: 'statuses that pass, such as 200-299,404 (default: 200-399)',
    sets: 'healthStatus',
    read: checkedBy(parseStatuses),
    needs: '--health-path'
  },
  ...LOGGING
]

/** Describes the command line of `up proxy <upstream...>`. */
export function createProxyCommand(version: string): Command {
  const command = new Command('up proxy')
    .description(
      'Balances requests over servers that somebody else started, and holds them while none is there.'
    )
    .usage('[options] [upstream...]')
    .argument(
      '[upstream...]',
      'where a server listens: a port, host:port, http://host:port or unix:<path> (default: those of the configuration file)'
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', AFTER)
  addFlags(command, PROXY_FLAGS)
  return command
}

const AFTER = `
Behind an upstream: #backup (used only while no other is available), #weight=3 (its
share of the requests), or both: #backup,weight=3.

An app that is called "proxy" is served by: up ./proxy

Times are milliseconds, or such as 500ms, 10s, 2m, 1h.

Signals:
  SIGUSR2, SIGHUP  read the configuration file and the certificate again (so does Ctrl+R, or r)
  SIGTERM, SIGINT  finish what is in flight, and exit; a second one exits at once

Environment:
  UP_<NAME> any option that is not given: UP_MAX_HELD for --max-held
  PORT      port to listen on, unless --port is given
  NO_COLOR  no colours

Exit codes: 0 done, 1 a failure at run time, 2 wrong usage.

Examples:
  up proxy 2000
  up proxy -p 8080 localhost:2000 10.0.0.2:2000#weight=3 unix:/run/spare.sock#backup
  up proxy --hold-file balance 2000   ("rm balance" holds requests, "touch balance" serves them)
`
