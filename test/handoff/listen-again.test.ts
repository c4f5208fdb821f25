import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeApp } from '../helpers/app.js'
import { countMessages, get, Guest, reloadAndLeave } from '../helpers/handoff.js'
import { freePort, serveListening } from '../helpers/listens.js'
import { message, until } from '../helpers/wait.js'

/** Answers /wait upon SIGUSR2; closes its server and listens again, with the same server or a new one, when it is told. */
function appOf(port: number): string {
  return `
    import { createServer } from 'node:http'
    const waiting = []
    const answer = (req, res) => {
      if (req.url !== '/wait') return res.end(String(process.pid))
      waiting.push(() => res.end('waited'))
      process.send('waiting')
    }
    process.on('SIGUSR2', () => waiting.splice(0).forEach(answer => answer()))
    let server = createServer(answer).listen(${port})
    process.on('message', what => {
      if (what !== 'same' && what !== 'new') return
      server.close()
      if (what === 'new') server = createServer(answer)
      server.listen(${port}, () => process.send('again'))
    })
  `
}

for (const which of ['same', 'new'] as const) {
  test(`A request outlives its server's close, a new listen with the ${which} server, and a reload`, async t => {
    const port = await freePort()
    const { file } = writeApp(t, appOf(port))
    const { srv, failures } = await serveListening(t, { transport: 'handoff', numWorkers: 1 }, file)
    const [worker] = srv.workers
    assert.ok(worker)
    const busy = new Guest(t, port)
    const waits = message(worker, 'waiting')
    busy.peer.send(get('/wait'))
    await waits
    for (let i = 0; i < 2; i++) {
      const again = message(worker, 'again')
      worker.proc.send(which)
      await again
    }
    // Counted once, and with all that came since.
    const idle = new Guest(t, port)
    await idle.ask()
    await until(() => srv.status().workers[0]?.connections === 2)
    assert.equal(srv.status().workers[0]?.inFlight, 1)

    const moved = countMessages(srv, 'up:moved')
    await srv.reload()
    await until(() => moved() > 0)
    // Whatever it has said until now has arrived.
    await worker.signOfLife(10_000)
    worker.proc.kill('SIGUSR2')
    assert.equal(await busy.answer(), 'waited')
    const [next] = srv.workers
    assert.equal(await idle.ask(), String(next?.pid))
    assert.equal(await busy.ask('/pid'), String(next?.pid))
    await reloadAndLeave(srv)
    assert.deepEqual(failures, [])
  })
}
