import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { handleCalls, refuseCalls } from '../control/handle.js'
import type { Steered } from '../control/steered.js'
import { OptionError } from '../errors.js'
import { listenError } from '../ports/listen-error.js'
import { hostInUrl, isLoopback, type AdminAddress } from './admin-address.js'
import { createGuard } from './guard.js'
import { PageFiles } from './page-files.js'

export interface AdminOptions {
  readonly address: AdminAddress
  readonly token: string | undefined
}

/** So many connections serve some people and their tools; each of them may be a stream of events. */
const MAX_CONNECTIONS = 256

/** On every answer. Nothing of any other host is ever asked for, and no other page may show or read this one. */
const FIELDS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "frame-ancestors 'none'"
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin'
}

/** The control API and the page, by HTTP. */
export class AdminServer {
  readonly #server: Server
  readonly #options: AdminOptions
  /** There may be nothing to steer yet. */
  #answer: RequestListener = refuseCalls

  private constructor(server: Server, options: AdminOptions) {
    this.#server = server
    this.#options = options
    server.maxConnections = MAX_CONNECTIONS
    server.on('request', (req, res) => {
      for (const [name, value] of Object.entries(FIELDS)) res.setHeader(name, value)
      this.#answer(req, res)
    })
    server.on('error', () => {})
  }

  /**
   * @throws {OptionError} `UP_ERR_OPTION`: others than this machine could connect, and there is no token
   * @throws {UpError} `UP_ERR_LISTEN`: the port is taken, not allowed, or not of this machine
   */
  static async open(options: AdminOptions): Promise<AdminServer> {
    assertGuarded(options)
    const { host, port } = options.address
    const server = createServer()
    server.listen({ host, port })
    try {
      await once(server, 'listening')
    } catch (cause) {
      throw listenError(cause as NodeJS.ErrnoException, `${host} port ${port}, for --admin`)
    }
    return new AdminServer(server, options)
  }

  /** Where the page is. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    const { host } = this.#options.address
    return `http://${hostInUrl(/^[0:.]+$/.test(host) ? 'localhost' : host)}:${port}/`
  }

  /** Answers from now on. */
  show(steered: Steered): void {
    const files = new PageFiles()
    const guard = createGuard({
      host: this.#options.address.host,
      token: this.#options.token,
      isPage: path => files.has(path)
    })
    this.#answer = handleCalls(steered, { guard, show: (path, req, res) => files.send(path, req, res) })
  }

  /** Ends it, and whatever is connected. */
  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** @throws {OptionError} `UP_ERR_OPTION`: others than this machine could connect, and there is no token */
export function assertGuarded({ address: { host, port }, token }: AdminOptions): void {
  if (token !== undefined || isLoopback(host)) return
  const expected = `an address of this machine alone, such as 127.0.0.1:${port}, unless --admin-token (or env UP_ADMIN_TOKEN) is there`
  throw new OptionError('--admin', `${hostInUrl(host)}:${port}`, expected)
}
