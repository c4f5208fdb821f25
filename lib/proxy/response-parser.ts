import { UpstreamError } from '../errors.js'
import { ChunkedDecoder, type BodyReceiver } from './chunked-decoder.js'
import { HeadScanner } from './head-scanner.js'
import { canBegin, parseResponseHead, PROTOCOL, type ResponseHead } from './response-head.js'

/** What a parser tells about one response. */
export interface ResponseReceiver extends BodyReceiver {
  /** A 1xx answer other than 101; the final one is still to come. */
  onInformation(head: ResponseHead): void
  /** The final answer's head, or a 101. */
  onHead(head: ResponseHead): void
  onData(piece: Buffer): void
  /** The answer is whole. */
  onEnd(): void
}

/** A head may be this long, in bytes, field lines of all kinds included. */
const MAX_HEAD = 65_536
const EMPTY_LINE = '\r\n\r\n'.length
/** So many 1xx answers may precede the final one. */
const MAX_INFORMATION = 100

type State = 'head' | 'body' | 'complete' | 'tunnel'

const NOTHING = Buffer.alloc(0)

/** Parses one response that arrives in pieces. A new request takes a new parser. */
export class ResponseParser {
  #state: State = 'head'
  /** The beginning of a head whose end has not come. */
  #pending = ''
  readonly #scanner = new HeadScanner()
  #head: ResponseHead | undefined
  #left = 0
  #chunks: ChunkedDecoder | undefined
  #information = 0
  readonly #method: string
  readonly #receiver: ResponseReceiver

  constructor(method: string, receiver: ResponseReceiver) {
    this.#method = method
    this.#receiver = receiver
  }

  /** Whether any byte of an answer has arrived. */
  get started(): boolean {
    return this.#head !== undefined || this.#information > 0 || this.#pending.length > 0
  }

  get complete(): boolean {
    return this.#state === 'complete'
  }

  /**
   * Takes the next bytes. Returns those that lie behind the response: none in ordinary use, the first
   * bytes of the other protocol after a 101.
   *
   * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
   */
  execute(input: Buffer): Buffer {
    let at = 0
    while (at < input.length) {
      if (this.#state === 'head') at = this.#readHead(input, at)
      else if (this.#state === 'body') at = this.#readBody(input, at)
      else return input.subarray(at)
    }
    return NOTHING
  }

  /**
   * The upstream sends no more.
   *
   * @throws {UpstreamError} `UP_ERR_UPSTREAM_CLOSED`: the response is not whole
   */
  finish(): void {
    if (this.#state === 'body' && this.#head?.framing === 'close') {
      this.#complete()
    } else if (this.#state === 'head' || this.#state === 'body') {
      const when = this.started ? 'in the middle of its answer' : 'before it answered'
      throw new UpstreamError('UP_ERR_UPSTREAM_CLOSED', `the upstream closed the connection ${when}`)
    }
  }

  #readHead(input: Buffer, at: number): number {
    const end = this.#scanner.scan(input, at)
    const size = this.#pending.length + (end === -1 ? input.length : end) - at
    if (size > MAX_HEAD + (end === -1 ? EMPTY_LINE - 1 : EMPTY_LINE)) throw tooLarge()
    if (end === -1) {
      const begun = this.#pending.length
      this.#pending += input.toString('latin1', at)
      // Beyond these first bytes nobody looks into it before it is whole: its pieces are put together only once.
      if (begun < PROTOCOL.length && !canBegin(this.#pending)) throw noHttp(this.#pending)
      return input.length
    }
    const head =
      this.#pending === ''
        ? input.toString('latin1', at, end - EMPTY_LINE)
        : (this.#pending + input.toString('latin1', at, end)).slice(0, -EMPTY_LINE)
    this.#pending = ''
    this.#takeHead(parseResponseHead(head, this.#method))
    return end
  }

  #takeHead(head: ResponseHead): void {
    if (head.status < 200 && head.status !== 101) {
      if (++this.#information > MAX_INFORMATION) {
        throw new UpstreamError(
          'UP_ERR_BAD_RESPONSE',
          `the upstream sent over ${MAX_INFORMATION} interim answers`
        )
      }
      this.#receiver.onInformation(head)
      return
    }
    this.#head = head
    this.#left = head.length
    if (head.framing === 'chunked') this.#chunks = new ChunkedDecoder()
    this.#state = head.status === 101 ? 'tunnel' : 'body'
    this.#receiver.onHead(head)
    if (this.#state === 'body' && head.framing === 'none') this.#complete()
  }

  #readBody(input: Buffer, at: number): number {
    if (this.#chunks !== undefined) {
      at = this.#chunks.decode(input, at, this.#receiver)
      if (this.#chunks.done) this.#complete()
      return at
    }
    const end = this.#head?.framing === 'length' ? Math.min(input.length, at + this.#left) : input.length
    this.#left -= end - at
    this.#receiver.onData(at === 0 && end === input.length ? input : input.subarray(at, end))
    if (this.#head?.framing === 'length' && this.#left === 0) this.#complete()
    return end
  }

  #complete(): void {
    this.#state = 'complete'
    this.#receiver.onEnd()
  }
}

function noHttp(text: string): UpstreamError {
  return new UpstreamError(
    'UP_ERR_BAD_RESPONSE',
    `the upstream's answer is not valid: it begins with ${JSON.stringify(text.slice(0, 40))}`
  )
}

function tooLarge(): UpstreamError {
  return new UpstreamError(
    'UP_ERR_BAD_RESPONSE',
    `the head of the upstream's answer is longer than ${MAX_HEAD} bytes`
  )
}
