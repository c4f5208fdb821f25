import { Actions, createNotice } from './actions.js'
import { ask, saveToken } from './api.js'
import { Charts } from './charts.js'
import { askToken } from './dialogs.js'
import { byId } from './dom.js'
import { Header } from './header.js'
import type { SseEvent } from './sse-parser.js'
import { Stream } from './stream.js'
import { TimeLine } from './time-line.js'
import type { Columns, Happened, Sample, Status } from './types.js'
import { UpstreamsTable } from './upstreams-table.js'
import { WorkersTable } from './workers-table.js'

const header = new Header()
const actions = new Actions(createNotice())
const workers = new WorkersTable(byId('workers', HTMLTableElement))
const upstreams = new UpstreamsTable(byId('upstreams', HTMLTableElement))
const charts = new Charts(byId('charts', HTMLElement))
const timeLine = new TimeLine(byId('time-line', HTMLOListElement), byId('nothing', HTMLElement))
let last: Status | undefined

const stream = new Stream({
  onOpen: () => {
    header.opened()
    void loadHistory()
  },
  onEvent: event => onEvent(event),
  onUnauthorized: async message => {
    const token = await askToken(message)
    if (token !== undefined) saveToken(token)
  }
})

setInterval(() => {
  header.tick()
  workers.sweep()
  actions.show(last, header.isCurrent)
}, 500)

function onEvent({ id, type, data }: SseEvent): void {
  const value = JSON.parse(data) as object
  if (type === 'status') return onStatus(value as Status)
  if (type === 'sample') return charts.add(value as Sample)
  const event = { ...value, id: Number(id), type } as Happened
  if (timeLine.add(event) === undefined && type !== 'retire') return
  workers.onEvent(event)
  if (type === 'reload') charts.mark(event.at, event.outcome === 'failed')
}

function onStatus(status: Status): void {
  const before = last
  last = status
  if (before !== undefined && before.startedAt !== status.startedAt) return onOther()
  const isProxy = 'upstreams' in status
  byId('workers-part', HTMLElement).hidden = isProxy
  byId('upstreams-part', HTMLElement).hidden = !isProxy
  charts.setKind(isProxy)
  header.show(status)
  actions.show(status, header.isCurrent)
  if (isProxy) upstreams.show(status)
  else workers.show(status)
}

/** Another program has come in the place of the one that was shown: its events begin anew. */
function onOther(): void {
  timeLine.clear()
  charts.clear()
  workers.clear()
  stream.restart()
}

/** What happened before the page was open, or while the connection was lost. */
async function loadHistory(): Promise<void> {
  try {
    const response = await ask('history')
    charts.load((await response.json()) as Columns)
  } catch {
    // The stream is lost, too, or soon; it comes back here.
  }
}
