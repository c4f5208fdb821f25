import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CALLS, READS } from '#lib/control/routes.js'
import { startUp } from '../helpers/cli-process.js'
import { call, EventReader, startSteered, type Answer, type SentEvent } from '../helpers/control.js'
import { faults, resolve, type Schema } from '../helpers/json-schema.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

const FILE = readFileSync(fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url)), 'utf8')
const API = JSON.parse(FILE) as Schema & { readonly paths: Record<string, Record<string, Operation>> }

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> }
  readonly responses: Record<string, Schema>
}

/** What is wrong with an answer by the file. */
function misfits(method: string, path: string, { status, headers, json, text }: Answer): string[] {
  const operation = API.paths[path]?.[method.toLowerCase()]
  if (operation === undefined) return [`${method} ${path} is not documented`]
  const found = operation.responses[status]
  if (found === undefined) return [`${method} ${path}: ${status} is not documented: ${text}`]
  const response = '$ref' in found ? resolve(API, String(found['$ref'])) : found
  const type = headers['content-type']?.split(';')[0] ?? 'none'
  const media = (response['content'] as Record<string, { schema: Schema }>)[type]
  if (media === undefined) return [`${method} ${path}: ${status} with the type ${type} is not documented`]
  const value = type === 'application/json' ? json : text
  return faults(API, media.schema, value).map(fault => `${method} ${path}: ${status}: ${fault}`)
}

/** Calls, holds the answer against the file, and gives its status. */
function caller(socket: string): (method: string, path: string, body?: unknown) => Promise<number> {
  return async (method, path, body) => {
    const answer = await call(socket, method, path, body)
    assert.deepEqual(misfits(method, path, answer), [])
    if (body !== undefined && answer.status < 300) {
      const schema = API.paths[path]?.['post']?.requestBody?.content['application/json']?.schema
      assert.ok(schema, `${path} takes a body`)
      assert.deepEqual(faults(API, schema, body), [])
    }
    return answer.status
  }
}

function assertDocumented(events: readonly SentEvent[]): void {
  for (const { type, data } of events) {
    if (type === 'status') {
      const { at, ...status } = data
      assert.equal(typeof at, 'number')
      assert.deepEqual(faults(API, resolve(API, '#/components/schemas/Status'), status), [])
    } else {
      const name = `Event${type.charAt(0).toUpperCase()}${type.slice(1)}`
      assert.deepEqual(faults(API, resolve(API, `#/components/schemas/${name}`), data), [], type)
    }
  }
}

test('Every route of the server is in docs/openapi.json, with its method, and none besides', () => {
  const served = [
    ...[...Object.keys(READS), '/events'].map(path => `get ${path}`),
    ...Object.keys(CALLS).map(path => `post ${path}`)
  ]
  const documented = Object.entries(API.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method} ${path}`)
  )
  assert.deepEqual(documented.sort(), served.sort())
})

test('Every reference in docs/openapi.json leads somewhere, and every schema is used', () => {
  const refs = new Set([...FILE.matchAll(/"\$ref": "(#[^"]+)"/g)].map(([, ref = '']) => ref))
  for (const ref of refs) resolve(API, ref)
  const { schemas, responses } = API['components'] as Record<string, Record<string, Schema>>
  const unused = [
    ...Object.keys(schemas ?? {}).map(name => `#/components/schemas/${name}`),
    ...Object.keys(responses ?? {}).map(name => `#/components/responses/${name}`)
  ].filter(ref => !refs.has(ref) && !ref.includes('/Event'))
  assert.deepEqual(unused, [])
})

test('What an up that serves an app answers is what docs/openapi.json says', async t => {
  const up = await startSteered(t)
  const reader = await EventReader.open(t, up.socket)
  const does = caller(up.socket)
  for (const path of [...Object.keys(READS)]) {
    const status = await does('GET', path)
    assert.ok(status === 200 || path === '/metrics', `${path}: ${status}`)
  }
  const served = await call(up.socket, 'GET', '/openapi.json')
  assert.deepEqual(served.json, API)

  assert.equal(await does('POST', '/reload', { keepPrevious: true }), 200)
  assert.equal(await does('POST', '/reload', { canary: 0.5, autoAbort: { factor: 2, requests: 10 } }), 200)
  assert.equal(await does('GET', '/status'), 200)
  assert.equal(await does('POST', '/promote'), 200)
  assert.equal(await does('POST', '/rollback'), 200)
  assert.equal(await does('POST', '/reload', { standby: true }), 200)
  assert.equal(await does('POST', '/abort'), 200)
  assert.equal(await does('POST', '/abort'), 409)
  assert.equal(await does('POST', '/scale', { workers: 1 }), 200)
  assert.equal(await does('POST', '/scale', { workers: 0 }), 400)
  assert.equal(await does('POST', '/pause', { timeout: '5s', holdTimeout: 1000 }), 200)
  assert.equal(await does('GET', '/status'), 200)
  assert.equal(await does('POST', '/resume', { rate: 100 }), 200)
  assert.equal(await does('POST', '/pause', { wait: false }), 202)
  assert.equal(await does('POST', '/resume'), 200)
  assert.equal(await does('POST', '/upstreams', { add: '2000' }), 409)
  write(up.cwd, 'app.js', 'throw new Error("broken")')
  assert.equal(await does('POST', '/reload'), 500)
  write(up.cwd, 'app.js', 'setInterval(() => {}, 1000)')
  assert.equal(await does('POST', '/reload', { wait: false }), 202)
  assert.equal(await does('POST', '/stop'), 202)
  await reader.ofType('stopping')
  assertDocumented(reader.seen)
  const kinds = new Set(reader.seen.map(({ type }) => type))
  for (const kind of [
    'status',
    'spawn',
    'retire',
    'terminate',
    'reload',
    'fail',
    'standby',
    'scale',
    'switch'
  ])
    assert.ok(kinds.has(kind), kind)
  assert.equal(await up.exited, 0)
})

test('What an up proxy answers is what docs/openapi.json says', async t => {
  const { socket, proxy } = startProxy(t)
  await proxy.url()
  const reader = await EventReader.open(t, socket)
  const does = caller(socket)
  for (const path of ['/status', '/healthz', '/openapi.json']) assert.equal(await does('GET', path), 200)
  assert.equal(await does('POST', '/upstreams', { add: 'unix:/nowhere.sock#backup' }), 200)
  assert.equal(await does('POST', '/upstreams', { drain: 'unix:/nowhere.sock', timeout: '5s' }), 200)
  assert.equal(await does('GET', '/status'), 200)
  assert.equal(await does('POST', '/upstreams', { remove: 'unix:/nowhere.sock' }), 200)
  assert.equal(await does('POST', '/upstreams', { remove: 'unix:/nowhere.sock' }), 400)
  assert.equal(await does('POST', '/reload'), 200)
  assert.equal(await does('POST', '/reload', { standby: true }), 400)
  assert.equal(await does('POST', '/promote'), 409)
  assert.equal(await does('POST', '/pause'), 200)
  assert.equal(await does('POST', '/resume'), 200)
  assert.equal(await does('POST', '/stop'), 202)
  await reader.ofType('stopping')
  assertDocumented(reader.seen)
  assert.equal(await proxy.exited, 0)
})

test('Before anybody is ready, and when it is stopping, GET /readyz answers 503', async t => {
  const cwd = tempFolder(t, { 'app.js': 'setInterval(() => {}, 1000)' })
  const up = startUp(t, ['-p', '0', '-n', '1', '--control', 'c.sock', 'app.js'], { cwd })
  await up.line(/listening/)
  const does = caller(join(cwd, 'c.sock'))
  assert.equal(await does('GET', '/readyz'), 503)
  assert.equal(await does('GET', '/healthz'), 200)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
})

function startProxy(t: TestContext): { socket: string; proxy: ReturnType<typeof startUp> } {
  const cwd = tempFolder(t)
  const proxy = startUp(t, ['proxy', '-p', '0', '--control', 'c.sock', '127.0.0.1:9'], { cwd })
  return { socket: join(cwd, 'c.sock'), proxy }
}
