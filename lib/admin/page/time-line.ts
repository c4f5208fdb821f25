import { badge, el, setText } from './dom.js'
import { describeEvent, type Entry } from './describe-event.js'
import { formatTime } from './format.js'
import type { Happened } from './types.js'

/** More than anybody reads. */
const MAX_ENTRIES = 200

/** What happened, the newest first: reloads with what became of them, and the workers' comings and goings. */
export class TimeLine {
  readonly #list: HTMLOListElement
  readonly #empty: HTMLElement
  readonly #ready = new Set<number>()
  readonly #retired = new Set<number>()
  #lastId = 0
  #reloading: HTMLElement | undefined

  constructor(list: HTMLOListElement, empty: HTMLElement) {
    this.#list = list
    this.#empty = empty
  }

  /** @returns what it was, in words; undefined: nothing to tell, or told already */
  add(event: Happened): Entry | undefined {
    if (event.id <= this.#lastId) return undefined
    this.#lastId = event.id
    const pid = event.pid ?? -1
    if (event.type === 'spawn') this.#ready.add(pid)
    if (event.type === 'retire') this.#retired.add(pid)
    const entry = describeEvent(event, {
      wasReady: this.#ready.has(pid),
      wasRetired: this.#retired.has(pid),
      reloads: this.#reloading !== undefined
    })
    if (event.type === 'terminate') {
      // Another process may get its number.
      this.#ready.delete(pid)
      this.#retired.delete(pid)
    }
    if (entry === undefined) return undefined
    const item = itemOf(event, entry)
    // Its end takes its place.
    if (event.type === 'reload' && this.#reloading !== undefined) this.#reloading.remove()
    if (event.type === 'reloading' || event.type === 'reload')
      this.#reloading = event.type === 'reloading' ? item : undefined
    this.#list.prepend(item)
    if (this.#list.childElementCount > MAX_ENTRIES) this.#list.lastElementChild?.remove()
    this.#empty.hidden = true
    return entry
  }

  /** Another program is shown from now on. */
  clear(): void {
    this.#list.replaceChildren()
    this.#ready.clear()
    this.#retired.clear()
    this.#lastId = 0
    this.#reloading = undefined
    this.#empty.hidden = false
  }
}

function itemOf({ at, type }: Happened, { kind, text, detail, more }: Entry): HTMLElement {
  const time = el('time', { datetime: new Date(at).toISOString() })
  setText(time, formatTime(at))
  const line = el('div', { class: 'line' }, time, badge(kind, text))
  if (more !== undefined) line.append(el('span', { class: 'quiet' }, more))
  const item = el('li', { 'data-type': type }, line)
  // A list that scrolls is reached by the keyboard, too.
  if (detail !== undefined) item.append(el('pre', { tabindex: '0', 'aria-label': 'error' }, detail))
  return item
}
