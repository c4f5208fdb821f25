import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture, launch } from '../helpers/app.js'

test('what needs a master that reads requests is refused, with the name of what was asked for', async t => {
  const { srv } = await launch(t, fixture('app.mjs'), { transport: 'handoff', numWorkers: 1 })
  const refused = (name: RegExp): object => ({ code: 'UP_ERR_OPTION', message: name })
  assert.throws(() => srv.use(() => {}), { code: 'UP_ERR_TRANSPORT', message: /^use\(fn\): .*'handoff'/ })
  assert.throws(() => srv.ws.use(() => {}), {
    code: 'UP_ERR_TRANSPORT',
    message: /^ws\.use\(fn\): .*'handoff'/
  })
  assert.throws(() => srv.reload({ standby: true, canary: 0.1 }), refused(/canary.*0\.1.*absent.*'handoff'/))
  await assert.rejects(srv.pause({ holdTimeout: '1s' }), refused(/holdTimeout.*1s.*absent.*'handoff'/))
  await assert.rejects(srv.resume({ rate: 5 }), refused(/rate.*5.*absent.*'handoff'/))
  assert.equal(srv.status().state, 'running')
})
