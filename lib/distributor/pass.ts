import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { OptionError, type UpError } from '../errors.js'
import type { Address } from '../proxy/address.js'
import { rememberFields } from '../proxy/request-fields.js'
import { runChain, type Handler } from './chain.js'

/** The middleware of one kind, for requests or for upgrades, in the order of its `use`. */
export class Stacks {
  readonly all: Handler[] = []
  readonly error: Handler[] = []

  /** @throws {OptionError} `UP_ERR_OPTION`: not a function */
  add(fn: Handler): void {
    if (typeof fn !== 'function') throw new OptionError('use(fn): fn', fn, 'a function')
    ;(fn.length === 4 ? this.error : this.all).push(fn)
  }
}

/** What is the same for all passes of one kind. */
export interface PassOptions {
  /** `this` of the middleware. */
  readonly self: object
  readonly stacks: Stacks
  /** The handlers behind the stacks. */
  readonly last: Handler
  readonly lastError: Handler
}

/** One request or upgrade on its way through the stacks. */
export class Pass {
  readonly #options: PassOptions
  readonly #req: IncomingMessage
  readonly #answer: ServerResponse | Duplex
  readonly #send: (address: Address) => Promise<UpError | undefined>

  /** @param send forwards it to an address; resolves with the error if that failed. Never rejects. */
  constructor(
    options: PassOptions,
    req: IncomingMessage,
    answer: ServerResponse | Duplex,
    send: (address: Address) => Promise<UpError | undefined>
  ) {
    this.#options = options
    this.#req = req
    this.#answer = answer
    this.#send = send
  }

  run(): void {
    const { self, stacks, last } = this.#options
    if (stacks.all.length > 0) rememberFields(this.#req)
    runChain({
      stack: stacks.all,
      last,
      self,
      params: [this.#req, this.#answer],
      subject: subjectOf(this.#req),
      onError: error => this.fail(error),
      onForward: this.#onForward
    })
  }

  /** Enters the error stack, at the function with the index `from`. */
  fail(error: unknown, from = 0): void {
    const { self, stacks, lastError } = this.#options
    runChain(
      {
        stack: stacks.error,
        last: lastError,
        self,
        params: [error, this.#req, this.#answer],
        subject: subjectOf(this.#req),
        // An error of an error middleware takes the place of the first, for those that stand behind it.
        onError: (second, index) => {
          if (index < stacks.error.length) this.fail(second, index + 1)
          else this.#answer.destroy()
        },
        onForward: this.#onForward
      },
      from
    )
  }

  readonly #onForward = (address: Address): void => {
    void this.#send(address).then(error => {
      if (error !== undefined) this.fail(error)
    })
  }
}

function subjectOf(req: IncomingMessage): string {
  return `${req.method ?? ''} ${req.url ?? ''}`
}
