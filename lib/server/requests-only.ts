import { OptionError, UpError } from '../errors.js'
import type { Transport } from '../options/transport.js'

/** Refuses what is about requests, where the transport is about connections. */
export class RequestsOnly {
  readonly #refuses: boolean

  constructor(transport: Transport) {
    this.#refuses = transport === 'handoff'
  }

  /** @throws {OptionError} `UP_ERR_OPTION`: it was given */
  option(name: string, value: unknown): void {
    if (this.#refuses && value != null) throw new OptionError(name, value, "absent with transport: 'handoff'")
  }

  /** @throws {UpError} `UP_ERR_TRANSPORT` */
  middleware(call: string): void {
    if (!this.#refuses) return
    const why = "there is no middleware with transport: 'handoff', as the master sees no request"
    throw new UpError('UP_ERR_TRANSPORT', `${call}: ${why}`)
  }
}
