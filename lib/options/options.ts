import type { Balance, ResolvedBalance } from './balance.js'
import type { Duration } from './duration.js'
import type { WorkerCount } from './worker-count.js'

/** How a reload replaces the old workers: see {@link UpOptions.strategy}. */
export type Strategy = 'first' | 'all' | 'rolling'

/** Where workers listen: see {@link UpOptions.workerBind}. */
export type WorkerBind = 'socket' | 'port'

/**
 * Which peers may set `X-Forwarded-*`: none (`false`), every one (`true`), addresses and networks
 * (`'loopback'`, `'10.0.0.0/8'`, or a list of such), or a function that is asked for an address.
 */
export type TrustProxy = boolean | string | readonly string[] | ((address: string) => boolean)

/** Options of `up(server, file, options)`. Each is validated at construction; a wrong one throws. */
export interface UpOptions {
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
   * `'rolling'`: one worker at a time, never below the wanted number.
   * Default `'first'`.
   */
  strategy?: Strategy
  /** Workers listen on UNIX sockets in a private folder (`'socket'`, the default) or on free loopback ports. */
  workerBind?: WorkerBind
  /** Working directory of the workers, and base of a relative module path. Default: the master's. */
  cwd?: string
  /** Environment of the workers, merged over the master's; `undefined` removes a name. Default none. */
  env?: Readonly<Record<string, string | undefined>>
  /** Arguments of `node` for the workers. Default: the master's own, without `-e`, `--inspect`, `--test` and their like. */
  execArgv?: readonly string[]
  /**
   * Which worker gets a request.
   * `'round-robin'`: each in turn. `'least-requests'`: the one with the fewest in flight. `'random-two'`:
   * the less busy of two at random. `'sticky'`: each client stays with one worker, by a cookie; as an
   * object, see {@link StickyOptions}, by its address or a key of yours. Or a function
   * `(candidates, req) => candidate`. Default `'round-robin'`.
   */
  balance?: Balance
  /**
   * How many connections for requests the master has to one worker at most; more requests wait in order,
   * for `holdTimeout` at most. Upgrades do not count. Default 256.
   */
  maxConnections?: number
  /** Whose `X-Forwarded-*` fields are kept and appended to, instead of replaced. Default false: nobody's. */
  trustProxy?: TrustProxy
  /** How many requests may wait at once while no worker is available; more get 503. Default 1,000. */
  maxHeld?: number
  /** How long a request may wait for a worker; then 503 with Retry-After. Default `'30s'`; 0 is no limit. */
  holdTimeout?: Duration
  /**
   * How long a worker may stay silent: before the head of its answer (then 504; not counted while an
   * upload moves), and between two pieces of its body (then the answer is cut off). Default `'60s'`; 0 is no limit.
   */
  proxyTimeout?: Duration
  /**
   * Requests and answers get a `Via` field, as RFC 9110 asks of gateways: `true` names us `up`, a string gives
   * another pseudonym, `false` leaves the field as it is. Default true.
   */
  via?: boolean | string
  /**
   * Whether plain requests (without fields that need care, with a body by Content-Length or none, while there is
   * no middleware) may be forwarded without becoming objects of node:http. Nobody can tell the difference but
   * by the time that it takes. Default true.
   */
  fastPath?: boolean
}

/** The options as the code uses them: complete, checked, frozen; durations in milliseconds. */
export interface ResolvedOptions {
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
  readonly workerBind: WorkerBind
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly execArgv: readonly string[]
  readonly trust: (address: string) => boolean
  readonly balance: ResolvedBalance
  readonly maxConnections: number
  readonly maxHeld: number
  readonly holdTimeoutMs: number
  readonly proxyTimeoutMs: number
  readonly via: string | undefined
  readonly fastPath: boolean
}
