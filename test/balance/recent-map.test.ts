import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecentMap } from '#lib/balance/recent-map.js'

test('it never holds more than it may, and has what was used among the last half', () => {
  const action = fc.record({ sets: fc.boolean(), key: fc.nat(30) })
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.array(action, { maxLength: 200 }), (max, actions) => {
      const map = new RecentMap<number>(max)
      const values = new Map<number, number>()
      const used: number[] = []
      for (const [i, { sets, key }] of actions.entries()) {
        const recent = new Set(used.slice(-Math.floor(max / 2))).has(key)
        if (sets) {
          map.set(String(key), i)
          values.set(key, i)
        } else {
          const value = map.get(String(key))
          if (recent) assert.equal(value, values.get(key))
          else assert.ok(value === undefined || value === values.get(key))
          // What is not there was not used.
          if (value === undefined) continue
        }
        used.push(key)
        assert.ok(map.size <= max, `${map.size} of ${max}`)
      }
    })
  )
})
