import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSources, type Source } from './helpers/sources.js'

const SOURCES = readSources(['lib', 'bin'])

/**
 * What each room may import besides itself and lib/errors: a whole room, or one file of it; `type` where
 * only types may travel. See ARCHITECTURE.md, "Import rules".
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bin: ['cli'],
  cli: [
    'server',
    'admin',
    'config',
    'control',
    'instances',
    'logs',
    'metrics',
    'watch',
    'options',
    'ports/listen-error',
    'type external/upstreams',
    'type worker/worker'
  ],
  admin: ['control', 'ports/listen-error'],
  control: ['instances', 'options', 'type server/api'],
  metrics: ['meters', 'type control/feed', 'type server/api'],
  instances: [],
  logs: ['options', 'worker/patient-write'],
  config: ['type options'],
  // `up.ready` is the worker's side of the public callable.
  server: [
    'distributor',
    'meters',
    'external',
    'front',
    'worker',
    'ports',
    'handoff',
    'handles',
    'balance',
    'options',
    'proxy/upstream',
    'proxy/hold-queue',
    'proxy/client-of',
    'proxy/outcome',
    'proxy/own-field',
    'proxy/request-id',
    'proxy/watch-answer',
    'proxy/http2-client',
    'child/ready'
  ],
  distributor: ['proxy', 'options'],
  external: ['options', 'proxy/address', 'proxy/connection-pool', 'proxy/socket-file'],
  front: ['proxy'],
  worker: ['options', 'type proxy/address', 'type handles'],
  balance: ['options', 'type proxy/address'],
  child: ['worker/messages', 'type worker/handoff-messages', 'handles'],
  handoff: ['type handles', 'type worker/handoff-messages'],
  handles: [],
  ports: ['handles', 'type worker/listening', 'type worker/messages'],
  proxy: [],
  meters: ['type worker/handoff-messages'],
  options: ['proxy/address'],
  watch: [],
  errors: [],
  distribute: ['distributor'],
  'distribute.cts': ['distribute'],
  index: ['server', 'config', 'distributor', 'type options', 'type external', 'worker', 'child/ready'],
  'index.cts': ['index']
}

/** Who may name `process.env` or `process.argv`, and why. */
const READS_PROCESS: Readonly<Record<string, string>> = {
  'lib/child/cluster-process': 'learns there the name of the field that tells the client, and removes it',
  'lib/cli/main': 'the command line is its matter',
  'lib/child/entry': "gives the app the command line that it would have without up's",
  'lib/options/environment': 'NODE_ENV decides some defaults',
  'lib/worker/fork-worker': "hands the master's environment on, whole; looks nothing up in it"
}

const MAX_LINES = 250

/** `server` for lib/server/up-server, `errors` for lib/errors, `bin` for bin/up. */
function roomOf(name: string): string {
  const [top = '', room = ''] = name.split('/')
  return top === 'lib' ? room : top
}

function isAllowed(from: string, target: string, typeOnly: boolean): boolean {
  const room = roomOf(from)
  if (roomOf(target) === room || target === 'lib/errors') return true
  const inLib = target.replace(/^lib\//, '')
  return (MAY_IMPORT[room] ?? []).some(rule => {
    const place = rule.replace(/^type /, '')
    return (place === inLib || place === roomOf(target)) && (typeOnly || place === rule)
  })
}

function localImports(source: Source): Source['imports'] {
  return source.imports.filter(({ target }) => target.startsWith('lib/') || target.startsWith('bin/'))
}

test('imports run one way', () => {
  const wrong = SOURCES.flatMap(source =>
    localImports(source)
      .filter(({ target, typeOnly }) => !isAllowed(source.name, target, typeOnly))
      .map(({ target, typeOnly }) => `${source.name} -> ${target}${typeOnly ? ' (types)' : ''}`)
  )
  assert.deepEqual(wrong, [])
})

test('what runs in the browser runs nothing else', () => {
  const wrong = SOURCES.filter(({ name }) => name.startsWith('lib/admin/page/')).flatMap(
    ({ name, imports }) =>
      imports
        .filter(({ target, typeOnly }) => !typeOnly && !target.startsWith('lib/admin/page/'))
        .map(({ target }) => `${name} -> ${target}`)
  )
  assert.deepEqual(wrong, [])
})

test('every room has a rule', () => {
  const rooms = new Set(SOURCES.map(({ name }) => roomOf(name)))
  assert.deepEqual(
    [...rooms].filter(room => !Object.hasOwn(MAY_IMPORT, room)),
    []
  )
})

test('no file imports itself through others, types apart', () => {
  const byName = new Map(SOURCES.map(source => [source.name, source]))
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      cycles.push([...path.slice(path.indexOf(name)), name].join(' -> '))
      return
    }
    const source = byName.get(name)
    if (done.has(name) || source === undefined) return
    for (const { target, typeOnly } of localImports(source)) if (!typeOnly) walk(target, [...path, name])
    done.add(name)
  }
  for (const { name } of SOURCES) walk(name, [])
  assert.deepEqual(cycles, [])
})

test('the environment and the command line are read in few places', () => {
  const readers = SOURCES.filter(
    ({ ofProcess, imports }) =>
      ofProcess.has('env') ||
      ofProcess.has('argv') ||
      imports.some(({ target }) => /^(node:)?process$/.test(target))
  ).map(({ name }) => name)
  assert.deepEqual(
    readers.filter(name => !Object.hasOwn(READS_PROCESS, name)),
    []
  )
})

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = SOURCES.filter(({ lines }) => lines > MAX_LINES).map(({ name, lines }) => `${name}: ${lines}`)
  assert.deepEqual(long, [])
})
