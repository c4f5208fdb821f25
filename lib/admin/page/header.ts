import { byId, setBadge, setText } from './dom.js'
import { formatAge, plural } from './format.js'
import { appOf, type Status } from './types.js'

/** The state comes each second; one that is older than this is told to be, in milliseconds. */
const OLD_MS = 3500

const STATES: Readonly<Record<Status['state'], readonly [kind: string, text: string]>> = {
  running: ['serving', 'running'],
  paused: ['paused', 'paused'],
  stopping: ['draining', 'stopping']
}

/** What is shown, whose it is, and how old it is. */
export class Header {
  #heardAt: number | undefined
  #isOpen = false
  #isStopping = false

  /** Whether the state is that of now. */
  get isCurrent(): boolean {
    return this.#heardAt !== undefined && performance.now() - this.#heardAt < OLD_MS
  }

  show(status: Status): void {
    this.#heardAt = performance.now()
    this.#isStopping = status.state === 'stopping'
    const { at, name, state, pid, startedAt } = status
    const app = appOf(status)
    document.title = `${state === 'running' ? '' : `${state}: `}${name} – up`
    setText(byId('name', HTMLElement), name)
    const [kind, text] = app?.reloading === true && state === 'running' ? RELOADING : STATES[state]
    // Why Resume does not help.
    const why =
      state === 'paused' && status.pausedBy.includes('hold-file') ? ': the hold file is missing' : ''
    setBadge(byId('state', HTMLElement), kind, text + why)
    setFact('generation', app?.generation.toString())
    setFact('version', app?.version)
    setFact('held', heldOf(status))
    setFact('uptime', formatAge(at - Date.parse(startedAt)))
    setFact('pid', String(pid))
    setFact('file', app?.file)
    this.tick()
  }

  opened(): void {
    this.#isOpen = true
  }

  /** Says how old it all is. */
  tick(): void {
    const badge = byId('freshness', HTMLElement)
    const { isCurrent } = this
    document.body.classList.toggle('old', !isCurrent && this.#heardAt !== undefined)
    if (isCurrent) setBadge(badge, 'serving', 'live')
    else if (this.#heardAt === undefined) setBadge(badge, 'starting', this.#isOpen ? 'loading' : 'connecting')
    else {
      const ended = this.#isStopping ? 'It was stopping. ' : ''
      setBadge(badge, 'failed', 'not connected')
      const age = formatAge(performance.now() - this.#heardAt)
      setText(byId('old', HTMLElement), `${ended}What you see is ${age} old. Connecting again …`)
    }
    byId('old', HTMLElement).hidden = isCurrent || this.#heardAt === undefined
  }
}

const RELOADING = ['starting', 'reloading'] as const

function heldOf({ held, oldestHeldMs }: Status): string | undefined {
  return held === 0 ? undefined : `${plural(held, 'request')}, for ${formatAge(oldestHeldMs)}`
}

/** @param value null or undefined: there is no such thing */
function setFact(id: string, value: string | null | undefined): void {
  const node = byId(`fact-${id}`, HTMLElement)
  const parent = node.parentElement
  if (parent !== null) parent.hidden = value == null
  setText(node, value ?? '')
}
