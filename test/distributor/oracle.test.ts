import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { original, ours, trace, type Action, type Script, type Step } from './scripts.js'

const NEXT: Action = { kind: 'next' }

function step(stack: 'http' | 'ws', action: Action, more: Partial<Step> = {}): Step {
  return { stack, arity: 3, when: 'at once', action, ...more }
}

const WRITTEN: Record<string, Script> = {
  'no middleware': [],
  'one that goes on': [step('http', NEXT), step('ws', NEXT)],
  'a port': [
    step('http', { kind: 'forward', to: [3001] }),
    step('http', { kind: 'forward', to: [3002] }),
    step('ws', { kind: 'forward', to: [3003] })
  ],
  'a port as a string': [
    step('http', { kind: 'forward', to: ['3001'] }),
    step('ws', { kind: 'forward', to: ['3001'] })
  ],
  'a port and a host': [
    step('http', { kind: 'forward', to: [3001, '10.0.0.1'] }),
    step('ws', { kind: 'forward', to: [3001, '10.0.0.1'] })
  ],
  'a port and no host in all its forms': [
    step('http', { kind: 'forward', to: [3001, ''] }),
    step('ws', { kind: 'forward', to: [3001, null] })
  ],
  'an error that nobody handles': [
    step('http', { kind: 'fail', message: 'broken' }),
    step('http', { kind: 'answer', status: 200 })
  ],
  'an error that passes two error middlewares': [
    step('http', NEXT, { arity: 4 }),
    step('http', { kind: 'fail', message: 'broken' }, { when: 'in a later turn' }),
    step('http', { kind: 'answer', status: 200 }),
    step('http', { kind: 'answer', status: 418 }, { arity: 4, when: 'in a microtask' }),
    step('http', { kind: 'answer', status: 200 }, { arity: 4 })
  ],
  'stacks that know nothing of each other': [
    step('ws', NEXT),
    step('http', NEXT),
    step('ws', { kind: 'answer', status: 0 }, { when: 'in a later turn' }),
    step('http', { kind: 'answer', status: 204 })
  ],
  'functions of odd arity': [0, 1, 2, 5].flatMap(arity => [
    step('http', NEXT, { arity }),
    step('ws', NEXT, { arity })
  ])
}

for (const [title, script] of Object.entries(WRITTEN)) {
  test(`the chain treats ${title} as distribute 0.1.4 does`, async t => {
    assert.deepEqual(await trace(t, ours, script), await trace(t, original, script))
  })
}

const when = fc.constantFrom('at once', 'in a microtask', 'in a later turn')
const forward = fc.record({
  kind: fc.constant('forward'),
  to: fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 65_535 })),
    fc.tuple(fc.integer({ min: 1, max: 65_535 }).map(String)),
    fc.tuple(
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom('localhost', '10.0.0.1', '::1', 'a.example')
    )
  )
})
const answer = fc.record({ kind: fc.constant('answer'), status: fc.constantFrom(200, 204, 302, 404, 503) })
const fail = fc.record({ kind: fc.constant('fail'), message: fc.constantFrom('one', 'two') })
const goOn = fc.constant(NEXT)
const arity = fc.constantFrom(0, 1, 2, 3, 3, 3, 5)

/** Only what the original can do: its faults have tests of their own. */
const anyStep = fc.oneof(
  fc.record({
    stack: fc.constant('http'),
    arity,
    when,
    action: fc.oneof({ weight: 4, arbitrary: goOn }, forward, answer, fail)
  }),
  fc.record({
    stack: fc.constant('http'),
    arity: fc.constant(4),
    when,
    action: fc.oneof({ weight: 2, arbitrary: goOn }, answer)
  }),
  fc.record({
    stack: fc.constant('ws'),
    arity,
    when,
    action: fc.oneof({ weight: 3, arbitrary: goOn }, forward, answer)
  }),
  fc.record({ stack: fc.constant('ws'), arity: fc.constant(4), when, action: goOn })
) as fc.Arbitrary<Step>

test('any chain gives the same calls, arguments, links and outcome as in distribute 0.1.4', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 8 }), async script => {
      assert.deepEqual(await trace(t, ours, script), await trace(t, original, script))
    }),
    { numRuns: 300, seed: 20120227 }
  )
})
