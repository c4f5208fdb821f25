import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import type { SecureContextOptions } from 'node:tls'
import { Certificate } from '#lib/cli/certificate.js'
import { Output } from '#lib/cli/output.js'
import { atEnd } from '../helpers/cli-cleanup.js'
import { until } from '../helpers/wait.js'
import { tempFolder } from '../helpers/watch-folder.js'

type Pair = '' | 'other-'
const read = (pair: Pair, file: string): Buffer => readFileSync(`test/fixtures/cli-tls/${pair}${file}`)

interface Watched {
  readonly certificate: Certificate
  /** What the server was given, in order. */
  readonly given: SecureContextOptions[]
  readonly lines: string[]
}

function watch(t: TestContext, cert: string, key: string, patienceMs = 60_000): Watched {
  const given: SecureContextOptions[] = []
  const lines: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    }
  })
  const certificate = new Certificate({ cert, key }, { lookMs: 10, patienceMs })
  atEnd(t, () => certificate.close())
  certificate.watch({ setSecureContext: options => given.push(options) }, new Output(stream, false))
  return { certificate, given, lines }
}

/** A folder with a pair of files, `cert.pem` and `key.pem`. */
function pairFolder(t: TestContext, pair: Pair = ''): { cert: string; key: string; folder: string } {
  const folder = tempFolder(t)
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, read(pair, 'cert.pem'))
  writeFileSync(key, read(pair, 'key.pem'))
  return { cert, key, folder }
}

function replace(path: string, content: Buffer | string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

const RENEWALS: Readonly<Record<string, (folder: string) => void>> = {
  'files that are written anew': folder => {
    for (const file of ['cert.pem', 'key.pem'])
      copyFileSync(`test/fixtures/cli-tls/other-${file}`, join(folder, 'live', file))
  },
  'files that others are renamed to': folder => {
    for (const file of ['key.pem', 'cert.pem']) replace(join(folder, 'live', file), read('other-', file))
  },
  'links that point elsewhere, as certbot makes them': folder => {
    for (const file of ['cert.pem', 'key.pem']) {
      symlinkSync(`../2/${file}`, join(folder, 'live', `${file}.new`))
      renameSync(join(folder, 'live', `${file}.new`), join(folder, 'live', file))
    }
  },
  'a link in the path that points elsewhere': folder => {
    symlinkSync('2', join(folder, 'now.new'))
    renameSync(join(folder, 'now.new'), join(folder, 'now'))
  }
}

for (const [title, renew] of Object.entries(RENEWALS)) {
  test(`A certificate is renewed by ${title}`, async t => {
    const folder = tempFolder(t)
    for (const name of ['1', '2', 'live']) mkdirSync(join(folder, name))
    for (const file of ['cert.pem', 'key.pem']) {
      writeFileSync(join(folder, '1', file), read('', file))
      writeFileSync(join(folder, '2', file), read('other-', file))
      if (title.includes('certbot')) symlinkSync(`../1/${file}`, join(folder, 'live', file))
      else writeFileSync(join(folder, 'live', file), read('', file))
    }
    symlinkSync('1', join(folder, 'now'))
    const used = title.includes('path') ? 'now' : 'live'
    const { given, lines, certificate } = watch(
      t,
      join(folder, used, 'cert.pem'),
      join(folder, used, 'key.pem')
    )
    renew(folder)
    await until(() => given.length > 0)
    assert.deepEqual(given, [{ cert: read('other-', 'cert.pem'), key: read('other-', 'key.pem') }])
    assert.deepEqual(certificate.material, given[0])
    assert.match(lines.join(''), /^up: the certificate was renewed: valid until .* 2126 GMT\n$/)
  })
}

for (const [first, second] of [
  ['cert.pem', 'key.pem'],
  ['key.pem', 'cert.pem']
] as const) {
  test(`A new ${first} waits for its ${second}, and nothing is wrong meanwhile`, async t => {
    const { folder, cert, key } = pairFolder(t)
    const { given, lines } = watch(t, cert, key)
    replace(join(folder, first), read('other-', first))
    // Long enough for some looks; a wrong one would show in the end, too.
    await delay(100)
    assert.deepEqual([given, lines], [[], []])
    replace(join(folder, second), read('other-', second))
    await until(() => given.length > 0)
    assert.equal(given.length, 1)
    assert.match(lines.join(''), /^up: the certificate was renewed[^\n]*\n$/)
  })
}

test('Files that stay bad are told of once, and what is good later is used', async t => {
  const { cert, key } = pairFolder(t)
  const { given, lines, certificate } = watch(t, cert, key, 20)
  replace(key, 'half a fi')
  await until(() => lines.length > 0)
  certificate.refresh()
  certificate.refresh()
  assert.equal(lines.length, 1)
  assert.match(
    lines[0] ?? '',
    /^up: the old certificate stays in use: --tls-key is ".*key\.pem", but must be/
  )
  replace(cert, read('other-', 'cert.pem'))
  replace(key, read('other-', 'key.pem'))
  await until(() => given.length > 0)
})

test('A renewal before the watch begins is not missed', t => {
  const { cert, key } = pairFolder(t)
  const certificate = new Certificate({ cert, key })
  atEnd(t, () => certificate.close())
  writeFileSync(cert, read('other-', 'cert.pem'))
  writeFileSync(key, read('other-', 'key.pem'))
  const given: SecureContextOptions[] = []
  const nowhere = new Output(new Writable({ write: (_chunk, _encoding, done) => done() }), false)
  certificate.watch({ setSecureContext: options => given.push(options) }, nowhere)
  assert.equal(given.length, 1)
})

test('The same files once more change nothing', t => {
  const { cert, key } = pairFolder(t)
  const { given, lines, certificate } = watch(t, cert, key)
  replace(cert, read('', 'cert.pem'))
  certificate.refresh()
  assert.deepEqual([given, lines], [[], []])
})

test('A path that cannot be followed for a while does no harm', async t => {
  const { cert, key, folder } = pairFolder(t)
  const { given, lines } = watch(t, cert, key, 20)
  // A link to itself fails otherwise than a file that is not there.
  symlinkSync('cert.pem', join(folder, 'loop'))
  renameSync(join(folder, 'loop'), cert)
  await until(() => lines.length > 0)
  assert.match(lines.join(''), /^up: the old certificate stays in use: /)
  replace(key, read('other-', 'key.pem'))
  replace(cert, read('other-', 'cert.pem'))
  await until(() => given.length > 0)
})
