import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder, watchFolder, write } from '../helpers/watch-folder.js'

test('A file that is changed, added, renamed or removed is reported', async t => {
  const folder = tempFolder(t, { 'app.js': '1', 'lib/a.mjs': '1' })
  const { next, all } = await watchFolder(t, folder)
  write(folder, 'app.js', '2')
  assert.deepEqual(await next(), ['app.js'])
  write(folder, 'lib/b.ts', '1')
  assert.deepEqual(await next(), ['lib/b.ts'])
  renameSync(join(folder, 'lib/b.ts'), join(folder, 'lib/c.ts'))
  assert.deepEqual(await all('lib/b.ts', 'lib/c.ts'), ['lib/b.ts', 'lib/c.ts'])
  unlinkSync(join(folder, 'lib/a.mjs'))
  assert.deepEqual(await next(), ['lib/a.mjs'])
})

test('A file saved by writing another and renaming it is reported, each time', async t => {
  const folder = tempFolder(t, { 'app.js': '0' })
  const { next } = await watchFolder(t, folder)
  for (let i = 1; i <= 5; i++) {
    write(folder, `app.js.tmp`, String(i))
    renameSync(join(folder, 'app.js.tmp'), join(folder, 'app.js'))
    assert.deepEqual(await next(), ['app.js'])
  }
})

test('Only files with a wanted extension are reported, and those of `extensions` besides', async t => {
  const folder = tempFolder(t)
  const { all } = await watchFolder(t, folder, { extensions: ['html', 'd.css'] })
  const names = ['js', 'cjs', 'mjs', 'ts', 'cts', 'mts', 'json', 'html', 'd.css'].map(end => `a.${end}`)
  for (const name of ['a.txt', 'a.css', 'js', 'a.jsx', ...names]) write(folder, name, '1')
  assert.deepEqual(await all(...names), names.sort())
})

test('node_modules, .git and what .gitignore names are not watched', async t => {
  const folder = tempFolder(t, { '.gitignore': 'dist/\n*.gen.js\n', 'src/.gitignore': 'local.json\n' })
  const ignored = [
    'node_modules/a/index.js',
    'src/node_modules/b.js',
    '.git/hook.js',
    'dist/app.js',
    'a.gen.js'
  ]
  for (const name of [...ignored, 'src/local.json']) write(folder, name, '1')
  const { next } = await watchFolder(t, folder)
  for (const name of [...ignored, 'src/local.json', 'src/seen.js']) write(folder, name, '2')
  assert.deepEqual(await next(), ['src/seen.js'])
})

test('A file given by name is watched though it is ignored, also when it is removed and comes again', async t => {
  const folder = tempFolder(t, { '.gitignore': '*.gen.js\n', 'app.gen.js': '1', 'other.gen.js': '1' })
  const file = join(folder, 'app.gen.js')
  const { next } = await watchFolder(t, folder, { files: [file] })
  write(folder, 'other.gen.js', '2')
  write(folder, 'app.gen.js', '2')
  assert.deepEqual(await next(), ['app.gen.js'])
  unlinkSync(file)
  assert.deepEqual(await next(), ['app.gen.js'])
  write(folder, 'app.gen.js', '3')
  assert.deepEqual(await next(), ['app.gen.js'])
})

test('A file given by name brings in the ignored folder that it is in', async t => {
  const folder = tempFolder(t, { '.gitignore': 'dist/\nout/\n', 'dist/app.js': '1', 'dist/lib/a.js': '1' })
  write(folder, 'out/b.js', '1')
  write(folder, 'dist/node_modules/c.js', '1')
  const { next } = await watchFolder(t, folder, { files: [join(folder, 'dist/app.js')] })
  write(folder, 'out/b.js', '2')
  write(folder, 'dist/node_modules/c.js', '2')
  write(folder, 'dist/lib/a.js', '2')
  assert.deepEqual(await next(), ['dist/lib/a.js'])
  write(folder, 'dist/app.js', '2')
  assert.deepEqual(await next(), ['dist/app.js'])
})

test('A file given by name is watched without an extension', async t => {
  const folder = tempFolder(t, { app: '1', other: '1' })
  const { next } = await watchFolder(t, folder, { files: [join(folder, 'app')] })
  write(folder, 'other', '2')
  write(folder, 'app', '2')
  assert.deepEqual(await next(), ['app'])
})

test('A file given by name is watched outside the folder, and nothing beside it', async t => {
  const outside = tempFolder(t, { 'app.js': '1', 'other.js': '1' })
  const folder = tempFolder(t)
  const { next } = await watchFolder(t, folder, { files: [join(outside, 'app.js')] })
  write(outside, 'other.js', '2')
  write(outside, 'app.js', '2')
  assert.equal((await next()).join().endsWith('app.js'), true)
})

test('Files in new folders are reported, however deep and soon they come', async t => {
  const folder = tempFolder(t)
  const { all } = await watchFolder(t, folder)
  const names = Array.from({ length: 60 }, (_, i) => `new${i}/a/b/c.js`)
  for (const [i, name] of names.entries()) {
    mkdirSync(join(folder, `new${i}`))
    // Different distances between a folder and what it gets, to meet the watcher at different points.
    await new Promise(done => setTimeout(done, i % 7))
    write(folder, name, '1')
  }
  await all(...names)
})

test('A folder that is removed and made again is watched again', async t => {
  const folder = tempFolder(t, { 'lib/a.js': '1' })
  const { next } = await watchFolder(t, folder)
  rmSync(join(folder, 'lib'), { recursive: true })
  assert.deepEqual(await next(), ['lib/a.js'])
  write(folder, 'lib/a.js', '2')
  assert.deepEqual(await next(), ['lib/a.js'])
  write(folder, 'lib/a.js', '3')
  assert.deepEqual(await next(), ['lib/a.js'])
})

test('What a link points at is watched: a file, and a folder elsewhere', async t => {
  const outside = tempFolder(t, { 'file.js': '1', 'folder/a.js': '1' })
  const folder = tempFolder(t)
  symlinkSync(join(outside, 'file.js'), join(folder, 'file.js'))
  symlinkSync(join(outside, 'folder'), join(folder, 'folder'))
  const { next } = await watchFolder(t, folder)
  write(outside, 'file.js', '2')
  assert.match((await next()).join(), /file\.js$/)
  write(outside, 'folder/a.js', '2')
  assert.match((await next()).join(), /folder\/a\.js$/)
  write(outside, 'folder/b.js', '1')
  assert.match((await next()).join(), /folder\/b\.js$/)
})

test('A link that is made to point elsewhere is reported, and its new target watched', async t => {
  const outside = tempFolder(t, { 'one/a.js': '1', 'two/a.js': '2' })
  const folder = tempFolder(t)
  symlinkSync(join(outside, 'one'), join(folder, 'current'))
  const { next } = await watchFolder(t, folder)
  symlinkSync(join(outside, 'two'), join(folder, 'next'))
  assert.equal((await next()).includes('next'), true)
  renameSync(join(folder, 'next'), join(folder, 'current'))
  assert.equal((await next()).includes('current'), true)
  write(outside, 'two/a.js', '3')
  assert.match((await next()).join(), /two\/a\.js$/)
})

test('Links that go round in a circle, upwards or nowhere do no harm', async t => {
  const outer = tempFolder(t, { 'beside.js': '1', 'app/a.js': '1', 'app/sub/b.js': '1' })
  const folder = join(outer, 'app')
  symlinkSync('.', join(folder, 'self'))
  symlinkSync('..', join(folder, 'sub/up'))
  symlinkSync('../..', join(folder, 'sub/above'))
  symlinkSync('nowhere.js', join(folder, 'dangling.js'))
  const { next } = await watchFolder(t, folder)
  write(outer, 'beside.js', '2')
  write(folder, 'sub/b.js', '2')
  assert.deepEqual(await next(), ['sub/b.js'])
})

test('A thousand changes in a burst give two reports at most, the last change among them', async t => {
  const folder = tempFolder(t, { 'last.js': '0' })
  const { reports, all } = await watchFolder(t, folder)
  for (let i = 0; i < 999; i++) write(folder, `d${i % 10}/f${i % 100}.js`, String(i))
  write(folder, 'last.js', '1')
  await all('last.js')
  // What comes after a further change is the third report at the earliest.
  write(folder, 'after.js', '1')
  await all('after.js')
  const before = reports.findIndex(report => report.includes('after.js'))
  assert.ok(before <= 2, `${before} reports for one burst`)
})

test('A change while a report is being handled is reported when that is done', async t => {
  const folder = tempFolder(t, { 'a.js': '1' })
  const waiting: (() => void)[] = []
  const { reports, next } = await watchFolder(t, folder, {
    onChange: () => new Promise<void>(done => waiting.push(done))
  })
  write(folder, 'a.js', '2')
  assert.deepEqual(await next(), ['a.js'])
  write(folder, 'b.js', '1')
  write(folder, 'c.js', '1')
  // The watcher sees them; far longer than it needs.
  await new Promise(done => setTimeout(done, 500))
  assert.equal(reports.length, 1)
  waiting[0]?.()
  assert.deepEqual(await next(), ['b.js', 'c.js'])
})

test('Nothing is reported after close', async t => {
  const folder = tempFolder(t, { 'a.js': '1' })
  const first = await watchFolder(t, folder)
  const second = await watchFolder(t, folder)
  await first.watch.close()
  write(folder, 'a.js', '2')
  assert.deepEqual(await second.next(), ['a.js'])
  assert.deepEqual(first.reports, [])
})
