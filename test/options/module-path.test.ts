import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveModule } from '#lib/options/module-path.js'
import { answering, writeApp } from '../helpers/app.js'
import { optionError } from '../helpers/option-error.js'

test('A relative path is resolved from the working directory', t => {
  const { folder, file } = writeApp(t, answering(''))
  assert.equal(resolveModule('./app.mjs', folder), file)
  assert.equal(resolveModule('app.mjs', folder), file)
  assert.equal(resolveModule(file, '/'), file)
})

test('A path without its extension, or of a folder, is found as by require', t => {
  const { folder } = writeApp(t, '', { 'index.js': '', 'other.cjs': '' })
  assert.equal(resolveModule('.', folder), folder)
  assert.equal(resolveModule('index', folder), join(folder, 'index'))
})

test('A link is kept, for the next reload to follow it anew', t => {
  const { folder, file } = writeApp(t, answering(''))
  symlinkSync(file, join(folder, 'current.mjs'))
  assert.equal(resolveModule('current.mjs', folder), join(folder, 'current.mjs'))
})

for (const value of ['', undefined, null, 5, {}]) {
  test(`${JSON.stringify(value) ?? 'undefined'} is no module`, () => {
    assert.throws(() => resolveModule(value, '/'), optionError('file', value, /the path of a module/))
  })
}

test('A module that does not exist is named with the place where it was sought', t => {
  const { folder } = writeApp(t, '')
  assert.throws(
    () => resolveModule('none.js', folder),
    optionError('file', 'none.js', new RegExp(`there is none at ${folder}/none\\.js`))
  )
})
