import { controlFolder } from '../../instances/control-folder.js'
import { listInstances, type Instance } from '../../instances/instances.js'
import type { ControlStatus } from '../../control/steered.js'
import { asBoolean } from '../../options/checks.js'
import type { ProxyStatus } from '../../server/api.js'
import { generalCommand } from './client-command.js'
import { ControlClient } from './control-client.js'
import { isApp } from './describe-status.js'
import { formatAge } from './figures.js'
import { formatTable, type Column } from './table.js'

interface LsSettings {
  readonly json: boolean
  readonly names: boolean
}

/** One that says nothing is shown all the same, after so many milliseconds. */
const ANSWER_MS = 2000

/** A program as `up ls` shows it. */
interface Listed extends Instance {
  readonly status: ControlStatus | undefined
}

export const lsCommand = generalCommand<LsSettings>(
  {
    name: 'ls',
    text: 'lists every up of this user that runs, and cleans away what is left of those that died',
    flags: [
      { flags: '--json', text: 'as JSON, on one line', sets: 'json', read: asBoolean },
      { flags: '--names', text: 'the names only, one a line', sets: 'names', read: asBoolean }
    ]
  },
  async ({ json = false, names = false }, { env, print, out, coloured }) => {
    const folder = controlFolder(env)
    const found = await listInstances(folder)
    if (names) {
      print(found.map(({ name }) => `${name}\n`).join(''))
      return 0
    }
    const all = await Promise.all(found.map(ask))
    if (json) print(`${JSON.stringify(all.map(asPlain))}\n`)
    else if (all.length > 0) print(`${formatTable(COLUMNS, all, coloured)}\n`)
    else out.info(`no up runs: there is no control socket in ${folder}`)
    return 0
  }
)

async function ask(instance: Instance): Promise<Listed> {
  const status = await new ControlClient(instance.path).status(ANSWER_MS).catch(() => undefined)
  return { ...instance, status }
}

const COLUMNS: readonly Column<Listed>[] = [
  { title: 'NAME', of: one => one.name },
  { title: 'PID', of: one => one.status?.pid, right: true },
  {
    title: 'STATE',
    of: one => one.status?.state ?? 'no answer',
    good: ['running'],
    bad: ['no answer']
  },
  {
    title: 'GENERATION',
    of: ({ status }) => (status && isApp(status) ? status.generation : null),
    right: true
  },
  {
    title: 'WORKERS',
    of: ({ status }) => (status && isApp(status) ? status.workers.length : null),
    right: true
  },
  {
    title: 'AGE',
    of: ({ status }) => (status ? formatAge(Date.now() - Date.parse(status.startedAt)) : null),
    right: true
  },
  { title: 'SERVES', of: ({ status }) => (status ? serves(status) : null) }
]

function serves(status: ControlStatus): string {
  return isApp(status) ? status.file : upstreamNames(status).join(' ')
}

function upstreamNames({ upstreams }: Pick<ProxyStatus, 'upstreams'>): string[] {
  return upstreams.map(({ name }) => name)
}

function asPlain({ name, path, status }: Listed): object {
  const known = { name, control: path }
  if (status === undefined) return { ...known, state: null }
  const { pid, state, startedAt } = status
  const what = isApp(status)
    ? { file: status.file, generation: status.generation, workers: status.workers.length }
    : { upstreams: upstreamNames(status) }
  return { ...known, pid, state, startedAt, ...what }
}
