import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { UpServer } from '#lib/server/up-server.js'
import { fixture, serve } from '../helpers/app.js'
import { Client, Load } from '../helpers/client.js'
import { temporary } from '../helpers/leftovers.js'
import { until } from '../helpers/wait.js'

const RELOADS = 20

for (const workerBind of ['socket', 'port'] as const) {
  test(`the master holds no more after ${RELOADS} reloads than before, with workerBind '${workerBind}'`, async t => {
    const { srv, port } = await serve(t, fixture('app.mjs'), { numWorkers: 1, workerBind })
    const client = new Client(port)
    t.after(() => client.close())
    // One connection to the only worker, before and after.
    await client.get('/pid')
    await srv.reload()
    await client.get('/pid')
    const before = await holdings(srv)

    const load = new Load(port, 4, true)
    for (let i = 0; i < RELOADS; i++) await srv.reload()
    await load.answered(10)
    const { failed } = await load.stop()
    assert.deepEqual(failed, [])
    // The last worker, too, was used under load: its successor begins with an empty pool.
    await srv.reload()
    await client.get('/pid')
    await until(() => descriptors() <= before.descriptors)

    assert.deepEqual(await holdings(srv), before)
  })
}

/** What a reload could forget to give back. */
async function holdings(
  srv: UpServer
): Promise<Record<'workers' | 'listeners' | 'descriptors' | 'files', number>> {
  await until(() => srv.status().workers.length === srv.numWorkers)
  const { server } = srv
  const emitters = [server, process, process.stdout, process.stderr]
  return {
    workers: srv.workers.length,
    listeners: emitters
      .flatMap(emitter => emitter.eventNames().map(name => emitter.listenerCount(name)))
      .reduce((sum, count) => sum + count, 0),
    descriptors: descriptors(),
    files: readdirSync(temporary, { recursive: true }).length
  }
}

/** Open files, sockets and pipes; 0 where the system does not tell. */
function descriptors(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0
}
