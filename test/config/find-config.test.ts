import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { findConfig, namedConfig } from '#lib/config/find-config.js'
import { tempFolder } from '../helpers/watch-folder.js'

const NAMES = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map(extension => `up.config.${extension}`)

for (const name of NAMES) {
  test(`${name} is found in the working directory`, t => {
    const cwd = tempFolder(t, { [name]: '', 'package.json': '{ "name": "shop" }' })
    assert.deepEqual(findConfig(cwd), { path: join(cwd, name), label: name })
  })
}

test('"up" in package.json is a configuration; a folder without any has none', t => {
  const cwd = tempFolder(t, { 'package.json': '{ "up": { "numWorkers": 2 } }' })
  const path = join(cwd, 'package.json')
  assert.deepEqual(findConfig(cwd), { path, label: '"up" in package.json', member: 'up' })
  assert.equal(findConfig(tempFolder(t, { 'package.json': 'no JSON', 'config.js': '' })), undefined)
})

test('Two configurations are refused, as nobody could tell which one counts', t => {
  const two = tempFolder(t, { 'up.config.js': '', 'up.config.json': '' })
  assert.throws(() => findConfig(two), {
    code: 'UP_ERR_CONFIG',
    message: 'up.config.js is not the only configuration: there is up.config.json, too'
  })
  const inPackage = tempFolder(t, { 'up.config.mjs': '', 'package.json': '{ "up": {} }' })
  assert.throws(() => findConfig(inPackage), {
    code: 'UP_ERR_CONFIG',
    message: /"up" in package\.json, too$/
  })
})

test('A file that was named has to be there, and to be one of those that can be read', t => {
  const cwd = tempFolder(t, { 'deploy/shop.mjs': '', 'shop.yaml': '' })
  assert.deepEqual(namedConfig(cwd, 'deploy/shop.mjs'), {
    path: join(cwd, 'deploy/shop.mjs'),
    label: 'deploy/shop.mjs'
  })
  assert.throws(() => namedConfig(cwd, 'shop.js'), {
    code: 'UP_ERR_CONFIG',
    message: /^shop\.js is not there/
  })
  assert.throws(() => namedConfig(cwd, 'shop.yaml'), { code: 'UP_ERR_CONFIG', message: /must end in \.ts/ })
})
