import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gitIgnore } from '#lib/watch/git-ignore.js'
import { tempFolder } from '../helpers/watch-folder.js'

test("A folder's own .gitignore holds for all below it", t => {
  const folder = tempFolder(t, { '.gitignore': '/dist/\n*.log.js\n' })
  const ignored = gitIgnore(folder)
  assert.equal(ignored(join(folder, 'dist'), true), true)
  assert.equal(ignored(join(folder, 'dist/deep/a.js'), false), true)
  assert.equal(ignored(join(folder, 'src/dist'), true), false)
  assert.equal(ignored(join(folder, 'src/a.log.js'), false), true)
  assert.equal(ignored(join(folder, 'src/a.js'), false), false)
})

test('A nested .gitignore adds to the one above, and may take back what that says', t => {
  const folder = tempFolder(t, {
    '.gitignore': '*.gen.js\n',
    'src/.gitignore': '!kept.gen.js\nlocal.js\n'
  })
  const ignored = gitIgnore(folder)
  assert.equal(ignored(join(folder, 'src/a.gen.js'), false), true)
  assert.equal(ignored(join(folder, 'src/kept.gen.js'), false), false)
  assert.equal(ignored(join(folder, 'src/local.js'), false), true)
  assert.equal(ignored(join(folder, 'local.js'), false), false)
})

test('The .gitignore files above the folder count, up to the top of the repository', t => {
  const outer = tempFolder(t, { '.gitignore': 'a.js\n', 'repo/.gitignore': '/packages/*/out/\n' })
  const folder = join(outer, 'repo/packages/one')
  mkdirSync(join(outer, 'repo/.git'))
  mkdirSync(folder, { recursive: true })
  const ignored = gitIgnore(folder)
  assert.equal(ignored(join(folder, 'out'), true), true)
  assert.equal(ignored(join(folder, 'a.js'), false), false)
})

test('A folder that is itself ignored is not ignored as a whole', t => {
  const repo = tempFolder(t, { '.gitignore': '/build/\n', 'build/.gitignore': 'b.js\n' })
  mkdirSync(join(repo, '.git'))
  const ignored = gitIgnore(join(repo, 'build'))
  assert.equal(ignored(join(repo, 'build/a.js'), false), false)
  assert.equal(ignored(join(repo, 'build/b.js'), false), true)
})

test('Without a .gitignore nothing is ignored', t => {
  const folder = tempFolder(t)
  assert.equal(gitIgnore(folder)(join(folder, 'a.js'), false), false)
})
