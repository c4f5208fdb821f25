import { Command } from 'commander'
import { asBoolean, asString } from '../options/checks.js'
import { parseDuration } from '../options/duration.js'
import { checkExecArgv } from '../options/exec-argv.js'
import type { UpOptions } from '../options/options.js'
import { parseWorkerCount } from '../options/worker-count.js'
import { EXTENSIONS } from '../watch/filter.js'
import { LISTENING, portFlag, servingFlags, type MasterSettings } from './common-flags.js'
import { LOGGING } from './log-flags.js'
import { addFlags, type Flag } from './flag.js'
import { asExtensions, each, oneOf } from './flag-values.js'

/** What the options of `up` set: those of its UpServer, and some of its own. */
export interface AppSettings extends MasterSettings, UpOptions {
  readonly watch: boolean
  readonly extensions: string[][]
  readonly envFiles: string[]
  readonly optionalEnvFiles: string[]
  readonly nodeArgs: readonly string[]
}

/** The options of `up [file]`, in the order of the help. */
export const APP_FLAGS: readonly Flag<AppSettings>[] = [
  portFlag("the app's own, else env PORT, else 3000"),
  ...LISTENING,
  {
    flags: '-n, --number <count>',
    text: "workers: a number, or an expression such as 'cpus + 2' (default: cpus; in development 1)",
    sets: 'numWorkers',
    read: parseWorkerCount
  },
  {
    flags: '-t, --timeout <time>',
    text: 'how long a retired worker may finish its work (default: 10m; in development 500ms)',
    sets: 'workerTimeout',
    read: parseDuration
  },
  {
    flags: '-w, --watch',
    text: 'reload when files below the working directory change',
    sets: 'watch',
    read: asBoolean
  },
  {
    flags: '--ext <list>',
    text: `more extensions to watch, such as html,css (always: ${EXTENSIONS.join(', ')}); repeatable`,
    sets: 'extensions',
    read: each(asExtensions),
    repeatable: true
  },
  {
    flags: '-r, --require <module>',
    text: 'module that each worker loads first; repeatable',
    sets: 'requires',
    read: each(asString),
    repeatable: true
  },
  {
    flags: '--env-file <file>',
    text: 'environment of the workers, as of node --env-file; read anew at each start of one; repeatable',
    sets: 'envFiles',
    read: each(asString),
    repeatable: true
  },
  {
    flags: '--env-file-if-exists <file>',
    text: 'the same, but the file may be missing; repeatable',
    sets: 'optionalEnvFiles',
    read: each(asString),
    repeatable: true
  },
  {
    flags: '--node-arg <arg>',
    text: 'argument of node for the workers, such as --enable-source-maps; repeatable',
    sets: 'nodeArgs',
    read: (name, values) => checkExecArgv(name, values, () => name),
    repeatable: true
  },
  {
    flags: '-k, --keepalive',
    text: 'replace workers that die (default)',
    sets: 'keepAlive',
    read: asBoolean
  },
  {
    flags: '--no-keepalive',
    text: 'do not replace workers that die',
    sets: 'keepAlive',
    read: asBoolean
  },
  {
    flags: '-T, --title <title>',
    text: 'process title: "<title> master" and "<title> worker"',
    sets: 'title',
    read: asString
  },
  {
    flags: '--strategy <name>',
    text: 'how a reload switches: first, all or rolling (default: first)',
    sets: 'strategy',
    read: oneOf(['first', 'all', 'rolling'])
  },
  {
    flags: '--surge <count>',
    text: 'new workers at a time under --strategy rolling, as in --number (default: 1)',
    sets: 'surge',
    read: parseWorkerCount,
    needs: '--strategy rolling'
  },
  {
    flags: '--transport <name>',
    text: 'proxy: the master forwards each request; handoff: workers accept connections themselves (default: proxy)',
    sets: 'transport',
    read: oneOf(['proxy', 'handoff'])
  },
  {
    flags: '--ready-timeout <time>',
    text: 'how long a worker may take to start, 0 for no limit (default: 30s)',
    sets: 'readyTimeout',
    read: parseDuration
  },
  {
    flags: '--kill-timeout <time>',
    text: 'time between SIGTERM and SIGKILL for a worker (default: 5s)',
    sets: 'killTimeout',
    read: parseDuration
  },
  {
    flags: '--worker-bind <kind>',
    text: 'where workers listen: socket or port (default: socket)',
    sets: 'workerBind',
    read: oneOf(['socket', 'port'])
  },
  ...servingFlags('worker'),
  ...LOGGING
]

/** Describes the command line of `up [file]`. */
export function createCommand(version: string): Command {
  const command = new Command('up')
    .description('Serves a Node HTTP app with several workers, and reloads it without a client noticing.')
    .usage('[options] [file] [-- <arguments of the app>]')
    .argument(
      '[file]',
      'module that exports the app: a server, a request listener, or what has listen() ' +
        '(default: what npm start runs, where that is node <file>; else main of package.json)'
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', AFTER)
  addFlags(command, APP_FLAGS)
  return command
}

const AFTER = `
Commands, each with a --help; the word comes first (a file of that name: up ./status):
  up ls                  lists every up of this user that runs
  up status [name]       shows the workers
  up reload [name]       reloads, and waits until the new code serves
  up pause [name]        holds requests, and waits until nothing is in flight
  up resume [name]       serves what is held
  up scale <n> [name]    changes the number of workers
  up stop [name]         ends it when what is in flight is done
  up promote [name]      gives the generation that waits all requests
  up abort [name]        ends the generation that waits
  up rollback [name]     brings the previous generation back
  up proxy <upstream>    in front of servers that it did not start
  up upstreams [name]    shows and changes these
  up check [file]        shows each setting and where it comes from
  up completion <shell>  completion for bash, zsh or fish

Times are milliseconds, or such as 500ms, 10s, 2m, 1h.

Signals:
  SIGUSR2, SIGHUP  reload (on a terminal also Ctrl+R, or r)
  SIGTERM, SIGINT  finish what is in flight, and exit; a second one exits at once

Environment:
  UP_<NAME> any option that is not given: UP_MAX_HELD for --max-held
  PORT      port to listen on, unless --port is given
  NODE_ENV  "development" changes the defaults of --number and --timeout
  NO_COLOR  no colours

Exit codes: 0 done, 1 a failure at run time, 2 wrong usage.

Examples:
  up -p 8080 -n 4 server.js
  up --watch server.js
  up -r tsx server.ts
  up --env-file .env server.js -- --verbose
  up --hold-file balance server.js   ("rm balance" holds requests, "touch balance" serves them)
  kill -s SIGUSR2 "$(cat up.pid)"    (reload what "up -f up.pid server.js" started)
`
