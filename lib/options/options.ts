import type { Duration } from './duration.js'
import type { OnOutput } from './output.js'
import type { ResolvedServing, ServingOptions } from './serving.js'
import type { Transport } from './transport.js'
import type { WorkerCount } from './worker-count.js'

/** How a reload replaces the old workers: see {@link UpOptions.strategy}. */
export type Strategy = 'first' | 'all' | 'rolling'

/** Where workers listen: see {@link UpOptions.workerBind}. */
export type WorkerBind = 'socket' | 'port'

/** Where up itself listens: see {@link UpOptions.listen}. */
export interface ListenTarget {
  /** For an app that leaves its port to up: one that exports what serves. 0 is any free port. */
  readonly port: number
  /** Instead of the host that the app asks for. Default: the app's; all interfaces, if it has none. */
  readonly host?: string
  /** Whether the port is this one also for an app that asks for one. Default false. */
  readonly override?: boolean
}

/** Options of `up(server, file, options)`. Each is validated at construction; a wrong one throws. */
export interface UpOptions extends ServingOptions {
  /**
   * Number of workers: a number, or an expression over `cpus` (`'cpus + 2'`, `'round(cpus / 2)'`).
   * Default: the CPUs that this process may use; 1 when NODE_ENV is `development`.
   */
  numWorkers?: WorkerCount
  /**
   * How long a retired worker may finish what it has in flight, at most. An idle one leaves at once.
   * 0: the old workers are gone before the new ones start, and requests wait meanwhile.
   * Default `'10m'`; `'500ms'` when NODE_ENV is `development`.
   */
  workerTimeout?: Duration
  /** How long a worker may take from SIGTERM to its end before SIGKILL. Default `'5s'`. */
  killTimeout?: Duration
  /** How long a new worker may take until it is ready. Default `'30s'`; 0 is no limit. */
  readyTimeout?: Duration
  /** Modules that each worker loads before the user's module, as by `node -r`. Default none. */
  requires?: string | readonly string[]
  /** `process.title` becomes `<title> master` and `<title> worker`. Default: untouched. */
  title?: string
  /** A worker is ready as soon as it listens; with `false` only once it called `up.ready()`. Default true. */
  assumeReady?: boolean
  /** Replace workers that die. Default true. */
  keepAlive?: boolean
  /** A worker that dies younger than this is replaced with exponential backoff. Default `'20s'`. */
  minExpectedLifetime?: Duration
  /** How often each worker's event loop is pinged. Default `'1m'`; `false` turns it off. */
  workerPingInterval?: Duration | false
  /** A worker that does not answer a ping for this long is killed and replaced. Default `'30s'`. */
  unresponsiveTimeout?: Duration
  /**
   * How `reload()` replaces workers.
   * `'first'`: start a full new set; the first that is ready gets all new requests, the old ones retire.
   * `'all'`: switch once the whole new set is ready.
   * `'rolling'`: one worker at a time, or `surge`, never below the wanted number.
   * Default `'first'`.
   */
  strategy?: Strategy
  /**
   * With the strategy `'rolling'`: how many new workers are started at a time, a number or an expression as in
   * `numWorkers`. Each such group is ready before as many old workers retire. Default 1.
   */
  surge?: WorkerCount
  /**
   * After a reload the old workers stay for `workerTimeout`, also when they are idle, and `rollback()` brings them
   * back at once. Those of one generation, the one before. Default false.
   */
  keepPrevious?: boolean
  /**
   * Let up listen where the app's first `listen` says, or at this port; the server that was given need not listen.
   * Clients of an app that speaks something else than HTTP/1.1, or TLS by itself, then come to the workers directly:
   * if the server listens already, in its place. Event `listening`. Default: the server listens where you say, and
   * what the app asks for first is forwarded from there.
   */
  listen?: ListenTarget
  /**
   * How a request gets to a worker.
   * `'proxy'`: the master reads each request, and forwards it: every request is balanced by itself.
   * `'handoff'`: workers accept the clients' connections themselves; the master sees no request. See docs/handoff.md
   * for what that can't do. Default `'proxy'`.
   */
  transport?: Transport
  /** Workers listen on UNIX sockets in a private folder (`'socket'`, the default) or on free loopback ports. */
  workerBind?: WorkerBind
  /** Working directory of the workers, and base of a relative module path. Default: the master's. */
  cwd?: string
  /** Environment of the workers, merged over the master's; `undefined` removes a name. Default none. */
  env?: Readonly<Record<string, string | undefined>>
  /** Arguments of `node` for the workers. Default: the master's own, without `-e`, `--inspect`, `--test` and their like. */
  execArgv?: readonly string[]
  /** Arguments of the app: `process.argv.slice(2)` in the workers. Default none. */
  args?: readonly string[]
  /**
   * Gets each line that a worker writes, as `{ pid, generation, stream, text }`. While a promise that it returned is
   * pending, nothing more is read of that stream. Default: stdout and stderr of the master.
   */
  output?: OnOutput
}

/** The options as the code uses them: complete, checked, frozen; durations in milliseconds. */
export interface ResolvedOptions extends ResolvedServing {
  readonly numWorkers: number
  readonly workerTimeoutMs: number
  readonly killTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly requires: readonly string[]
  readonly title: string | undefined
  readonly assumeReady: boolean
  readonly keepAlive: boolean
  readonly minExpectedLifetimeMs: number
  readonly workerPingIntervalMs: number | false
  readonly unresponsiveTimeoutMs: number
  readonly strategy: Strategy
  readonly surge: number
  readonly keepPrevious: boolean
  readonly listen:
    { readonly port: number; readonly host: string | undefined; readonly override: boolean } | undefined
  readonly transport: Transport
  readonly workerBind: WorkerBind
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly execArgv: readonly string[]
  readonly args: readonly string[]
  readonly output: OnOutput | undefined
}
