import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SteeredProxy } from '#lib/cli/steered-proxy.js'
import { Feed } from '#lib/control/feed.js'
import { fetchOnce } from '../helpers/client.js'
import { proxy, startExternal } from '../helpers/external.js'
import { Exposed } from '../helpers/prometheus.js'
import { until } from '../helpers/wait.js'

test('What an upstream answered is counted on when it is removed, and when it comes back', async t => {
  const { place } = await startExternal(t, 'one')
  const name = `localhost:${place}`
  const { srv, port } = await proxy(t, [name])
  const steered = new SteeredProxy({
    srv,
    feed: new Feed(),
    name: 'edge',
    isStopping: () => false,
    onStop: () => {},
    onReload: async () => ({ durationMs: 0, notApplied: [] })
  })
  t.after(() => steered.history.close())
  const look = async (): Promise<Exposed> => new Exposed(await steered.metrics())
  const ask = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) assert.equal((await fetchOnce(port)).status, 200)
  }
  const answered = (metrics: Exposed, upstream: string): number[] =>
    metrics.all('up_http_requests_total', { code_class: '2xx', upstream })

  await ask(3)
  await until(() => srv.status().traffic.answered === 3)
  const first = await look()
  assert.deepEqual([answered(first, name), answered(first, 'removed')], [[3], [0]])

  srv.upstreams.remove(name)
  const removed = await look()
  assert.deepEqual(removed.wentDown(first), [])
  assert.deepEqual([answered(removed, name), answered(removed, 'removed')], [[], [3]])
  assert.deepEqual(removed.all('up_upstream_available'), [])

  srv.upstreams.add(name)
  await ask(2)
  await until(() => srv.status().traffic.answered === 5)
  const again = await look()
  assert.deepEqual(again.wentDown(removed), [])
  assert.deepEqual([answered(again, name), answered(again, 'removed')], [[2], [3]])
})
