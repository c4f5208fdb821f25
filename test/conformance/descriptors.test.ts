import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fixture } from '../helpers/app.js'
import { startProcess } from '../helpers/cli-process.js'
import { fetchOnce } from '../helpers/client.js'

const LIMIT = 100
const CLIENTS = 150
/** How long the master has no descriptor left, in milliseconds. */
const SHORTAGE_MS = 1000

for (const fastPath of [true, false]) {
  test(`42. a master without descriptors lives, does not spin, and recovers: fast path ${fastPath}`, async t => {
    const command = `ulimit -n ${LIMIT} && exec "$0" "$@"`
    const args = [process.execPath, fixture('few-descriptors.mjs'), fixture('app.mjs'), String(fastPath)]
    const master = startProcess(t, 'sh', ['-c', command, ...args])
    const port = Number(new URL(await master.url()).port)
    const cpu = async (): Promise<number> => {
      master.proc.kill('SIGUSR2')
      return Number((await master.line(/^cpu (\d+) us/))[1]) / 1000
    }
    assert.equal((await fetchOnce(port, '/pid')).status, 200)

    const clients: Socket[] = []
    t.after(() => clients.forEach(client => client.destroy()))
    for (let i = 0; i < CLIENTS; i++) {
      const client = connect(port, '127.0.0.1').on('error', () => {})
      clients.push(client)
      client.write('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n')
    }
    await delay(300)
    const before = await cpu()
    await delay(SHORTAGE_MS)
    const used = (await cpu()) - before
    t.diagnostic(`${used.toFixed(0)} ms of CPU in ${SHORTAGE_MS} ms without descriptors`)
    assert.ok(used < SHORTAGE_MS / 2, `${used} ms of CPU`)

    for (const client of clients) client.destroy()
    // Connections that the system had accepted for the master are still to be taken and ended by it.
    for (let tries = 0; ; tries++) {
      const answer = await fetchOnce(port, '/pid').catch(() => undefined)
      if (answer?.status === 200) break
      assert.ok(tries < 100, 'it did not recover')
      await delay(50)
    }
    master.proc.kill('SIGTERM')
    assert.equal(await master.exited, 0)
  })
}
