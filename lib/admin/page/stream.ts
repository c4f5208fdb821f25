import { ApiError, ask } from './api.js'
import { SseParser, type SseEvent } from './sse-parser.js'

/** The state comes each second: a connection that is silent for so long is taken for lost, in milliseconds. */
const SILENT_MS = 8000
const MIN_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 10_000

interface StreamHandlers {
  /** A connection stands. */
  readonly onOpen: () => void
  readonly onEvent: (event: SseEvent) => void
  /** The token is missing, or not the right one. Resolves when there may be a better one. */
  readonly onUnauthorized: (message: string) => Promise<void>
}

/**
 * The events of the control API, for as long as the page is there: what is lost is connected again, and begins where
 * it ended. EventSource can't send a token.
 */
export class Stream {
  readonly #handlers: StreamHandlers
  #lastId = 0
  #abort = new AbortController()
  #wake: () => void = () => {}

  constructor(handlers: StreamHandlers) {
    this.#handlers = handlers
    addEventListener('online', () => this.#wake())
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#wake()
    })
    void this.#run()
  }

  /** Connects anew, and gets all events from the first one on. */
  restart(): void {
    this.#lastId = 0
    this.#abort.abort()
    this.#wake()
  }

  async #run(): Promise<never> {
    for (let backoffMs = MIN_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      this.#abort = new AbortController()
      try {
        await this.#read(() => (backoffMs = MIN_BACKOFF_MS / 2))
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
          await this.#handlers.onUnauthorized(error.message)
          continue
        }
      }
      // Not all pages at once, when a server comes back.
      await this.#pause(backoffMs * (0.75 + Math.random() / 2))
    }
  }

  async #read(onFirst: () => void): Promise<void> {
    const abort = this.#abort
    const parser = new SseParser()
    const decoder = new TextDecoder()
    let silent = setTimeout(() => abort.abort(), SILENT_MS)
    try {
      const response = await ask('events', {
        headers: { 'Last-Event-ID': String(this.#lastId) },
        signal: abort.signal
      })
      const reader = response.body?.getReader()
      if (reader === undefined) return
      this.#handlers.onOpen()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        clearTimeout(silent)
        silent = setTimeout(() => abort.abort(), SILENT_MS)
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          onFirst()
          if (abort.signal.aborted) return
          if (event.id !== '') this.#lastId = Number(event.id)
          this.#handlers.onEvent(event)
        }
      }
    } finally {
      clearTimeout(silent)
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
