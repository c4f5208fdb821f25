import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { appText } from '../helpers/cli-app.js'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { fetchOnce } from '../helpers/client.js'
import { startExternal } from '../helpers/external.js'
import { Exposed } from '../helpers/prometheus.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

/** An instance of up, and how to ask its control API. */
interface Instance {
  readonly up: CliProcess
  readonly cwd: string
  readonly port: number
  call(method: string, path: string, body?: object): Promise<{ status: number; type: string; body: string }>
  metrics(): Promise<Exposed>
}

async function start(t: TestContext, args: string[], files: Record<string, string> = {}): Promise<Instance> {
  const cwd = tempFolder(t, files)
  const up = startUp(t, args, { cwd, env: { XDG_RUNTIME_DIR: cwd } })
  const port = Number(new URL(await up.url()).port)
  const name = args[args.indexOf('--name') + 1] ?? ''
  const socketPath = join(cwd, 'up', `${name}.sock`)
  const call: Instance['call'] = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
      const req = request({ socketPath, method, path, headers, agent: false }, res => {
        const type = res.headers['content-type'] ?? ''
        text(res).then(content => resolve({ status: res.statusCode ?? 0, type, body: content }), reject)
      })
      req.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
  return {
    up,
    cwd,
    port,
    call,
    async metrics() {
      const { status, type, body } = await call('GET', '/metrics')
      assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
      return new Exposed(body)
    }
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 50))
}

test('GET /metrics counts requests, reloads by outcome, starts and exits by reason; --health answers', async t => {
  const args = [
    '-p',
    '0',
    '-n',
    '1',
    '--host',
    '127.0.0.1',
    '--name',
    'counted',
    '--health',
    '/_up',
    'app.js'
  ]
  const { up, cwd, port, call, metrics } = await start(t, args, { 'app.js': appText('hello') })
  await up.line(/worker \d+ is ready/)
  assert.equal((await fetchOnce(port, '/_up/readyz')).body, '{"ready":true}\n')
  await fetchOnce(port)
  await until(
    async () =>
      (await metrics()).value('up_http_requests_total', { code_class: '2xx', generation: '1' }) === 1
  )

  assert.equal((await call('POST', '/reload', {})).status, 200)
  write(cwd, 'app.js', 'process.exit(4)')
  assert.equal((await call('POST', '/reload', {})).status, 500)
  const before = await metrics()
  assert.equal(before.value('up_reloads_total', { outcome: 'ok' }), 1)
  assert.equal(before.value('up_reloads_total', { outcome: 'failed' }), 1)
  assert.equal(before.value('up_reload_duration_seconds_count', { outcome: 'ok' }), 1)
  assert.ok(before.value('up_reload_duration_seconds_sum', { outcome: 'failed' }) > 0)
  assert.equal(before.value('up_worker_starts_total'), 2)
  assert.equal(before.value('up_worker_exits_total', { reason: 'start' }), 1)

  write(cwd, 'app.js', appText('mended'))
  const victim = up.workers().at(-1) ?? 0
  assert.ok(victim > 1)
  process.kill(victim, 'SIGKILL')
  await until(async () => (await metrics()).value('up_worker_starts_total') === 3)
  const after = await metrics()
  assert.equal(after.value('up_worker_exits_total', { reason: 'signal' }), 1)
  assert.equal(after.value('up_workers', { state: 'spawned' }), 1)
  assert.deepEqual(after.wentDown(before), [])
})

test('Of up proxy it counts by upstream, also of one that was removed; --health answers', async t => {
  const [a, b] = [await startExternal(t, 'a'), await startExternal(t, 'b')]
  const [first, second] = [`127.0.0.1:${a.place}`, `127.0.0.1:${b.place}`]
  const args = [
    'proxy',
    '-p',
    '0',
    '--host',
    '127.0.0.1',
    '--name',
    'counted',
    '--health',
    '/_up',
    first,
    second
  ]
  const { port, call, metrics } = await start(t, args)
  assert.equal((await fetchOnce(port, '/_up/readyz')).body, '{"ready":true}\n')
  for (let i = 0; i < 4; i++) await fetchOnce(port)
  const of = (metrics: Exposed, upstream: string): number =>
    metrics.value('up_http_requests_total', { code_class: '2xx', upstream })
  await until(async () => {
    const now = await metrics()
    return of(now, first) + of(now, second) === 4
  })
  const before = await metrics()
  assert.equal(of(before, first), 2)
  assert.equal(before.value('up_upstream_requests_total', { upstream: second }), 2)
  assert.equal(before.value('up_upstream_available', { upstream: second }), 1)
  const { traffic, upstreams } = JSON.parse((await call('GET', '/status')).body) as {
    traffic: { answered: number }
    upstreams: { errors: number; p99Ms: number | null }[]
  }
  assert.equal(traffic.answered, 4)
  assert.ok(upstreams.every(({ errors, p99Ms }) => errors === 0 && p99Ms !== null))

  assert.equal((await call('POST', '/upstreams', { remove: second })).status, 200)
  const after = await metrics()
  assert.equal(of(after, 'removed'), 2)
  assert.deepEqual(after.all('up_http_requests_total', { upstream: second }), [])
  assert.deepEqual(after.wentDown(before), [])
})

test('A prefix that is no path is wrong usage', async t => {
  const up = startUp(t, ['--health', '_up', 'app.js'], { cwd: tempFolder(t, { 'app.js': appText('hello') }) })
  await up.line(/--health is "_up", but must be a path such as '\/_up'/)
  assert.equal(await up.exited, 2)
})
