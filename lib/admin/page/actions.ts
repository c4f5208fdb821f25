import { call } from './api.js'
import { checkField, confirmFirst, numberField } from './dialogs.js'
import { byId, setBadge } from './dom.js'
import { formatMs, plural } from './format.js'
import { appOf, type Status } from './types.js'

interface Switched {
  readonly generation: number
  readonly durationMs: number
}

/** Tells what came of something. */
type Tell = (kind: 'good' | 'failed' | 'starting', text: string) => void

/** What can be done, each after a question. */
export class Actions {
  readonly #tell: Tell
  readonly #busy = new Set<string>()
  #status: Status | undefined
  #isCurrent = false

  constructor(tell: Tell) {
    this.#tell = tell
    this.#on('reload', () => (appOf(this.#status) === undefined ? this.#reloadProxy() : this.#reload()))
    this.#on('pause', () => this.#pause())
    this.#on('resume', () => this.#resume())
    this.#on('scale', () => this.#scale())
    this.#on('rollback', () => this.#switch('rollback', 'Roll back', ROLLBACK))
    this.#on('promote', () => this.#switch('promote', 'Promote', PROMOTE))
    this.#on('abort', () => this.#abort())
  }

  /** @param isCurrent whether the state is not an old one */
  show(status: Status | undefined, isCurrent: boolean): void {
    this.#status = status
    this.#isCurrent = isCurrent
    this.#update()
  }

  #update(): void {
    const status = this.#status
    const can = this.#isCurrent && status !== undefined && status.state !== 'stopping'
    const app = appOf(status)
    const isApp = app !== undefined
    const waits = app?.standby != null
    const isFree = app?.reloading === false
    const focused = document.activeElement?.id ?? ''
    this.#set('reload', true, can && (isFree || !isApp))
    this.#set('pause', status?.state !== 'paused', can && status.state === 'running')
    this.#set('resume', status?.state === 'paused', can && status.pausedBy.includes('pause'))
    this.#set('scale', isApp, can && isApp)
    this.#set('rollback', isApp && !waits, can && isFree)
    this.#set('promote', waits, can && waits)
    this.#set('abort', waits, can && waits)
    const instead = INSTEAD[focused]
    if (instead !== undefined && byId(focused, HTMLElement).hidden) byId(instead, HTMLElement).focus()
  }

  #set(id: string, isShown: boolean, isEnabled: boolean): void {
    const button = byId(id, HTMLButtonElement)
    const isBusy = this.#busy.has(id)
    button.hidden = !isShown
    // Not `disabled`, which takes the focus away.
    button.ariaDisabled = String(!isEnabled || isBusy)
    button.ariaBusy = String(isBusy)
  }

  #on(id: string, act: () => Promise<void>): void {
    const button = byId(id, HTMLButtonElement)
    button.addEventListener('click', () => {
      if (button.ariaDisabled === 'true') return
      void act().catch((error: unknown) => {
        const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
        // What an app has said stands in the time line, whole.
        this.#tell('failed', first)
      })
    })
  }

  async #run<T>(id: string, path: string, params: object = {}): Promise<T> {
    this.#busy.add(id)
    this.#update()
    try {
      return (await call(path, params)) as T
    } finally {
      this.#busy.delete(id)
      this.#update()
    }
  }

  async #reload(): Promise<void> {
    const keep = checkField('Keep the present workers, for a rollback at once')
    const text = 'New workers start with the code as it is now. The present ones serve until these are ready.'
    const question = { title: 'Reload?', text, yes: 'Reload', field: keep.field }
    if (!(await confirmFirst(question))) return
    this.#tell('starting', 'Reloading …')
    const options = keep.input.checked ? { keepPrevious: true } : {}
    const { generation, durationMs } = await this.#run<Switched>('reload', 'reload', options)
    this.#tell('good', `Reloaded: generation ${generation} serves, after ${formatMs(durationMs)}`)
  }

  async #reloadProxy(): Promise<void> {
    const text = 'The configuration file is read again; what is under way goes on.'
    if (!(await confirmFirst({ title: 'Reload?', text, yes: 'Reload' }))) return
    const { durationMs } = await this.#run<{ durationMs: number }>('reload', 'reload')
    this.#tell('good', `Reloaded, after ${formatMs(durationMs)}`)
  }

  async #pause(): Promise<void> {
    const text = 'New requests are held, not refused. Each of them waits for as long as --hold-timeout says.'
    if (!(await confirmFirst({ title: 'Pause?', text, yes: 'Pause' }))) return
    this.#tell('starting', 'Pausing …')
    const result = await this.#run<{ drained: boolean; remaining: number }>('pause', 'pause')
    if (result.drained) this.#tell('good', 'Paused: nothing is in flight')
    else this.#tell('failed', `Paused, but ${plural(result.remaining, 'request')} still in flight`)
  }

  async #resume(): Promise<void> {
    const held = plural(this.#status?.held ?? 0, 'request')
    const text = `Requests are served again; ${held} held now go on at once.`
    if (!(await confirmFirst({ title: 'Resume?', text, yes: 'Resume' }))) return
    await this.#run('resume', 'resume')
    this.#tell('good', 'Resumed')
  }

  async #scale(): Promise<void> {
    const count = numberField('Workers', appOf(this.#status)?.numWorkers ?? 1)
    const text = 'Workers are started, or finish what they have and leave.'
    if (!(await confirmFirst({ title: 'Scale?', text, yes: 'Scale', field: count.field }))) return
    const workers = Number(count.input.value)
    await this.#run('scale', 'scale', { workers })
    this.#tell('good', `Scaled to ${plural(workers, 'worker')}`)
  }

  async #switch(id: 'rollback' | 'promote', yes: string, text: string): Promise<void> {
    if (!(await confirmFirst({ title: `${yes}?`, text, yes }))) return
    const { generation } = await this.#run<Switched>(id, id)
    this.#tell('good', `Generation ${generation} serves`)
  }

  async #abort(): Promise<void> {
    const text = 'The generation that waits is ended. The present one serves on.'
    if (!(await confirmFirst({ title: 'Abort?', text, yes: 'Abort' }))) return
    await this.#run('abort', 'abort')
    this.#tell('good', 'Aborted')
  }
}

/** What has the focus after a button that is there no more. */
const INSTEAD: Readonly<Record<string, string>> = {
  pause: 'resume',
  resume: 'pause',
  rollback: 'promote',
  promote: 'rollback',
  abort: 'rollback'
}

const ROLLBACK = 'The generation that served before this one serves again.'
const PROMOTE = 'The generation that waits gets every new request.'

/** How long what went well is shown, in milliseconds; what did not stays. */
const SHOWN_MS = 12_000

/** Shows a text for people and for screen readers. */
export function createNotice(): Tell {
  const notice = byId('notice', HTMLElement)
  let timer: ReturnType<typeof setTimeout> | undefined
  const close = (): void => {
    clearTimeout(timer)
    notice.hidden = true
  }
  byId('notice-close', HTMLElement).addEventListener('click', close)
  return (kind, text) => {
    close()
    notice.hidden = false
    notice.dataset['kind'] = kind
    setBadge(byId('notice-text', HTMLElement), kind, text)
    if (kind === 'good') timer = setTimeout(close, SHOWN_MS)
  }
}
