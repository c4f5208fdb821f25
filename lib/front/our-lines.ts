import type { Socket } from 'node:net'
import { clientLine, forwardedLines } from '../proxy/forwarded.js'
import type { Upstream } from '../proxy/upstream.js'
import type { PlainRequest } from './plain-request.js'

const NOTHING_CLAIMED = { for: '', proto: '', host: '' }
const NONE_GIVEN: ReadonlySet<string> = new Set()

/** The lines of ours behind the fields of a client's requests, kept while they stay the same. */
export class OurLines {
  readonly #client: Socket
  readonly #trust: (address: string) => boolean
  #host = ''
  #version = ''
  #clientField: string | undefined
  #text = ''

  constructor(client: Socket, trust: (address: string) => boolean) {
    this.#client = client
    this.#trust = trust
  }

  of({ host, version }: PlainRequest, { clientField, via }: Upstream): string {
    if (this.#host === host && this.#version === version && this.#clientField === clientField)
      return this.#text
    const from = { socket: this.#client }
    let text = via === undefined ? '' : `Via: ${version} ${via}\r\n`
    text += forwardedLines(from, host, NOTHING_CLAIMED, NONE_GIVEN, this.#trust)
    if (clientField !== undefined) text += clientLine(from, clientField)
    this.#host = host
    this.#version = version
    this.#clientField = clientField
    this.#text = text
    return text
  }
}
