import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { AnswerReport } from '../../worker/handoff-messages.js'

/** How many are timed between two reports, about. */
const TIMED = 64
/** When so many more come than before that these are timed, half as many of the next are; and so on. */
const MOST_TIMED = 4 * TIMED

/**
 * What the servers were asked, and what they have answered since the last report. Each status is counted. Only some
 * answers are timed: to hear of the end of each would show in the price of a request.
 */
export class Answered {
  /** Requests that there have been. */
  served = 0
  #classes = none()
  #took: AnswerReport['took'][number][] = []
  /** Each how manieth is timed. */
  #stride = 1
  #begun = 0
  #timed = 0

  /** A request of HTTP/1.1 has come. */
  onRequest(res: ServerResponse): void {
    this.#begin(res, 'finish')
  }

  /** Its answer is written. */
  onAnswer({ statusCode }: ServerResponse): void {
    this.#count(statusCode)
  }

  /** A request of HTTP/2 has come. */
  onStream(stream: ServerHttp2Stream): void {
    this.#begin(stream, 'close')
    stream.once('close', () => {
      const status = stream.sentHeaders?.[':status']
      if (typeof status === 'number') this.#count(status)
    })
  }

  /** What there was since the last time; undefined: nothing. */
  take(): AnswerReport | undefined {
    const [classes, took] = [this.#classes, this.#took]
    this.#stride = Math.max(1, Math.ceil(this.#begun / TIMED))
    this.#begun = 0
    this.#timed = 0
    if (took.length === 0 && classes.every(count => count === 0)) return undefined
    this.#classes = none()
    this.#took = []
    return { classes, took }
  }

  #count(status: number): void {
    // RFC 9110, section 15: what is above 599 is taken for a 5xx.
    const figure = Math.min((status / 100) | 0, 5)
    this.#classes[figure] = (this.#classes[figure] ?? 0) + 1
  }

  #begin(answer: EventEmitter, end: 'finish' | 'close'): void {
    this.served++
    const stride = this.#stride
    if (this.#begun++ % stride !== 0) return
    if (++this.#timed >= MOST_TIMED) {
      this.#stride *= 2
      this.#timed = MOST_TIMED / 2
    }
    const since = performance.now()
    answer.once(end, () => this.#took.push([performance.now() - since, stride]))
  }
}

function none(): number[] {
  return [0, 0, 0, 0, 0, 0]
}
