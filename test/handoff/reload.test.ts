import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Strategy, UpOptions } from '#lib/options/options.js'
import { UpServer } from '#lib/server/up-server.js'
import { answering, writeApp, type Running } from '../helpers/app.js'
import { generationsByPid } from '../helpers/generations.js'
import {
  connectionsOf,
  firstGuests,
  get,
  Guest,
  reloadAndLeave,
  serveHandoff,
  usedGuests
} from '../helpers/handoff.js'
import { temporary } from '../helpers/leftovers.js'
import { events, until } from '../helpers/wait.js'

/** A server whose guests have been there once, or never spoken. */
async function withGuests(
  t: TestContext,
  options: UpOptions
): Promise<Running & { used: Guest[]; silent: Guest[]; generationOf: (pid: string) => number }> {
  const running = await serveHandoff(t, options)
  const generationOf = generationsByPid(running.srv)
  return { ...running, ...(await firstGuests(t, running, 6)), generationOf }
}

for (const strategy of ['first', 'all', 'rolling'] satisfies Strategy[]) {
  test(`with '${strategy}' idle connections, used or not, move at three reloads, and new code answers`, async t => {
    const { srv, used, silent, generationOf, failures } = await withGuests(t, { strategy })
    for (let generation = 2; generation <= 4; generation++) {
      await reloadAndLeave(srv)
      for (const guest of [...used, ...silent]) guest.assertUntouched()
      // The others are silent for one move more.
      for (const guest of [...used, ...silent.splice(0, 2)]) {
        assert.equal(generationOf(await guest.ask()), generation)
        guest.assertUntouched()
      }
    }
    assert.deepEqual(failures, [])
  })

  test(`with '${strategy}' connections that stay silent from the first reload to the third can be used then`, async t => {
    const { srv, used, silent, generationOf } = await withGuests(t, { strategy })
    for (let i = 0; i < 3; i++) await reloadAndLeave(srv)
    await until(() => connectionsOf(srv) === 12)
    for (const guest of [...used, ...silent]) {
      guest.assertUntouched()
      assert.equal(generationOf(await guest.ask()), 4)
    }
  })
}

test('a generation that stands by gets no connection, and all of them when it is promoted', async t => {
  const { srv, port, used, silent, generationOf } = await withGuests(t, {})
  await srv.reload({ standby: true })
  const late = await usedGuests(t, port, 20)
  for (const guest of [...late, ...used]) assert.equal(generationOf(await guest.ask()), 1)
  const gone = events(srv, 'terminate', 2)
  await srv.promote()
  await gone
  for (const guest of [...used, ...silent, ...late]) {
    guest.assertUntouched()
    assert.equal(generationOf(await guest.ask()), 2)
  }
})

test("with 'all' the first new worker that is ready accepts nothing before the second is", async t => {
  const folder = mkdtempSync(join(temporary, 'lock-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  // Of the second generation, one worker waits for the test.
  const app = `
    import { existsSync, mkdirSync } from 'node:fs'
    import { setTimeout } from 'node:timers/promises'
    if (existsSync(${JSON.stringify(join(folder, 'second'))})) {
      let mine = true
      try { mkdirSync(${JSON.stringify(join(folder, 'taken'))}) } catch { mine = false }
      while (mine && !existsSync(${JSON.stringify(join(folder, 'go'))})) await setTimeout(10)
    }
    export default (req, res) => res.end(String(process.pid))
  `
  const { file } = writeApp(t, app, { README: '' })
  const { srv, port } = await serveHandoff(t, { strategy: 'all' }, file)
  const generationOf = generationsByPid(srv)
  const { mkdirSync } = await import('node:fs')
  mkdirSync(join(folder, 'second'))
  const first = events(srv, 'spawn', 1)
  const reload = srv.reload()
  await first
  const guests = await usedGuests(t, port, 20)
  for (const guest of guests) assert.equal(generationOf(await guest.ask()), 1)
  const gone = events(srv, 'terminate', 2)
  mkdirSync(join(folder, 'go'))
  await reload
  await gone
  for (const guest of guests) assert.equal(generationOf(await guest.ask()), 2)
})

test('rollback() to a generation that was kept gives its connections back to it, and they move on again', async t => {
  const { srv, used, silent, generationOf } = await withGuests(t, { keepPrevious: true })
  const quiet = silent.splice(0, 3)
  const check = async (generation: number): Promise<void> => {
    // A worker that stays gives its connections away, too; how far it is, its reports tell.
    await until(() =>
      srv.status().workers.every(worker => worker.connections === 0 || worker.generation === generation)
    )
    await until(() => connectionsOf(srv) === 12)
    for (const guest of [...used, ...silent]) {
      guest.assertUntouched()
      assert.equal(generationOf(await guest.ask()), generation)
    }
  }
  await srv.reload()
  await check(2)
  await srv.rollback()
  await check(1)
  await srv.rollback()
  await check(2)
  for (const guest of quiet) {
    guest.assertUntouched()
    assert.equal(generationOf(await guest.ask()), 2)
  }
})

test('a reload that fails leaves all connections where they are', async t => {
  const app = writeApp(t, answering('good'))
  const { srv, port } = await serveHandoff(t, {}, app.file)
  const guests = await usedGuests(t, port, 6)
  app.write('throw new Error("broken")\n')
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD' })
  for (const guest of guests) assert.equal(await guest.ask(), 'good')
})

test('connections of a server on a UNIX socket move, too', async t => {
  const path = join(temporary, 'shared.sock')
  const server = createServer()
  const srv = new UpServer(server, writeApp(t, answering('here')).file, {
    transport: 'handoff',
    numWorkers: 2,
    workerTimeout: '5s',
    execArgv: []
  })
  t.after(() => srv.close())
  server.listen(path)
  await events(srv, 'spawn', 2)
  const { rawClient } = await import('../helpers/raw.js')
  const peer = rawClient(t, { socketPath: path })
  peer.send(get('/'))
  await peer.take('here')
  for (let i = 0; i < 2; i++) {
    await reloadAndLeave(srv)
    peer.send(get('/'))
    await peer.take('here')
  }
  assert.equal(peer.closed, false)
})

test('a request and the end of the sending side that follow a move at once are answered as in one process', async t => {
  const { srv, port } = await serveHandoff(t)
  const guest = new Guest(t, port)
  await guest.ask()
  await reloadAndLeave(srv)
  guest.peer.end(get('/pid'))
  assert.match(await guest.answer(), /^\d+$/)
  await guest.peer.takeAll()
})
