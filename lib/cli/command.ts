import { Command, Option } from 'commander'
import { EXTENSIONS } from '../watch/filter.js'

/** The options as commander hands them over: not yet checked. */
export interface RawOptions {
  port?: string
  host?: string
  number?: string
  timeout?: string
  watch?: true
  ext?: string[]
  require?: string[]
  keepalive?: boolean
  pidfile?: string
  title?: string
  strategy?: string
  readyTimeout?: string
  killTimeout?: string
  proxyTimeout?: string
  workerBind?: string
  balance?: string
  maxConnections?: string
  maxHeld?: string
  holdTimeout?: string
  via?: boolean
  tlsCert?: string
  tlsKey?: string
}

/** Describes the command line: names, help, nothing of what the values mean. */
export function createCommand(version: string): Command {
  const command = new Command('up')
  command
    .description('Serves a Node HTTP app with several workers, and reloads it without a client noticing.')
    .usage('[options] <file>')
    .argument('<file>', 'module that exports the app: a server, a request listener, or what has listen()')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', AFTER)
  for (const [flags, text] of OPTIONS) {
    const option = new Option(flags, text)
    command.addOption(REPEATABLE.includes(option.attributeName()) ? option.argParser(append) : option)
  }
  return command
}

const OPTIONS: readonly (readonly [flags: string, text: string])[] = [
  ['-p, --port <port>', 'port to listen on, 0 for any free one (default: env PORT, else 3000)'],
  ['--host <address>', 'address to listen on (default: all interfaces)'],
  [
    '-n, --number <count>',
    "workers: a number, or an expression such as 'cpus + 2' (default: cpus; in development 1)"
  ],
  [
    '-t, --timeout <time>',
    'how long a retired worker may finish its work (default: 10m; in development 500ms)'
  ],
  ['-w, --watch', 'reload when files below the working directory change'],
  [
    '--ext <list>',
    `more extensions to watch, such as html,css (always: ${EXTENSIONS.join(', ')}); repeatable`
  ],
  ['-r, --require <module>', 'module that each worker loads first; repeatable'],
  ['-k, --keepalive', 'replace workers that die (default)'],
  ['--no-keepalive', 'do not replace workers that die'],
  ['-f, --pidfile <file>', "file for the master's pid, removed at exit"],
  ['-T, --title <title>', 'process title: "<title> master" and "<title> worker"'],
  ['--strategy <name>', 'how a reload switches: first, all or rolling (default: first)'],
  ['--ready-timeout <time>', 'how long a worker may take to start, 0 for no limit (default: 30s)'],
  ['--kill-timeout <time>', 'time between SIGTERM and SIGKILL for a worker (default: 5s)'],
  ['--proxy-timeout <time>', 'how long a worker may stay silent in a request, 0 for no limit (default: 60s)'],
  ['--worker-bind <kind>', 'where workers listen: socket or port (default: socket)'],
  [
    '--balance <policy>',
    'which worker gets a request: round-robin, least-requests, random-two or sticky (default: round-robin)'
  ],
  ['--max-connections <count>', 'connections for requests to each worker at most (default: 256)'],
  ['--max-held <count>', 'requests that may wait while no worker is ready (default: 1000)'],
  ['--hold-timeout <time>', 'how long a request may wait for a worker, 0 for no limit (default: 30s)'],
  ['--no-via', 'leave the Via fields of requests and answers as they are'],
  [
    '--tls-cert <file>',
    'serve HTTPS, by HTTP/2 and HTTP/1.1, with this certificate (PEM); a renewed one is picked up'
  ],
  ['--tls-key <file>', 'private key of the certificate (PEM)']
]

const REPEATABLE = ['ext', 'require']

const AFTER = `
Times are milliseconds, or such as 500ms, 10s, 2m, 1h.

Signals:
  SIGUSR2, SIGHUP  reload (on a terminal also Ctrl+R, or r)
  SIGTERM, SIGINT  finish what is in flight, and exit; a second one exits at once

Environment:
  PORT      port to listen on, unless --port is given
  NODE_ENV  "development" changes the defaults of --number and --timeout
  NO_COLOR  no colours

Exit codes: 0 done, 1 a failure at run time, 2 wrong usage.

Examples:
  up -p 8080 -n 4 server.js
  up --watch server.js
  up -r tsx server.ts
  kill -s SIGUSR2 "$(cat up.pid)"   (reload what "up -f up.pid server.js" started)
`

function append(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}
