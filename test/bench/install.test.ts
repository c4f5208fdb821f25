import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { install } from '../../bench/common/install.js'
import '../helpers/leftovers.js'
import { testFolder } from '../helpers/program.js'

test('the bench installs packages into a folder of their own, and knows their versions', async t => {
  const thing = join(testFolder(t), 'thing')
  mkdirSync(thing)
  writeFileSync(join(thing, 'package.json'), JSON.stringify({ name: 'thing', version: '1.2.3' }))
  writeFileSync(join(thing, 'index.js'), 'module.exports = 42\n')
  const installed = await install([`file:${thing}`])
  if (typeof installed === 'string') assert.fail(installed)
  t.after(() => rmSync(installed.folder, { recursive: true }))
  assert.equal(installed.versionOf('thing'), '1.2.3')
  assert.equal(installed.require('thing'), 42)
})

test('the bench says why a package is not to be had, and leaves no folder', async t => {
  const missing = join(testFolder(t), 'missing')
  const why = await install([`file:${missing}`])
  if (typeof why !== 'string') assert.fail('it was installed')
  assert.match(why, /^npm could not install file:.*missing/)
})
