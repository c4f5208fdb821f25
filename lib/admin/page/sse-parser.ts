export interface SseEvent {
  /** Empty: it has none. */
  readonly id: string
  readonly type: string
  readonly data: string
}

/** Server-sent events out of text that comes in pieces: HTML Living Standard, section 9.2.6. */
export class SseParser {
  #rest = ''
  #id = ''
  #type = ''
  #data: string[] = []

  /** @returns the events that are whole now */
  push(piece: string): SseEvent[] {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap(line => this.#line(line.replace(/\r$/, '')))
  }

  #line(line: string): SseEvent[] {
    if (line === '') return this.#end()
    const at = line.indexOf(':')
    const name = at === -1 ? line : line.slice(0, at)
    const value = at === -1 ? '' : line.slice(at + 1).replace(/^ /, '')
    if (name === 'id') this.#id = value
    else if (name === 'event') this.#type = value
    else if (name === 'data') this.#data.push(value)
    return []
  }

  #end(): SseEvent[] {
    const event = { id: this.#id, type: this.#type, data: this.#data.join('\n') }
    this.#id = ''
    this.#type = ''
    this.#data = []
    return event.data === '' ? [] : [event]
  }
}
