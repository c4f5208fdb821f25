import assert from 'node:assert/strict'
import { copyFileSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { readTls } from '#lib/cli/tls.js'
import { OptionError } from '#lib/errors.js'
import { appText } from '../helpers/cli-app.js'
import { startUp } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

const FIXTURES = 'test/fixtures/cli-tls'

/** The body of an answer, and the common name of the certificate that came with it. */
function getTls(url: string, ca: string): Promise<{ body: string; name: string | undefined }> {
  return new Promise((resolve, reject) => {
    const options = { ca: readFileSync(ca), agent: false as const, servername: 'localhost' }
    request(url, options, response => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response
        .on('end', () => resolve({ body, name: Array.isArray(name) ? name[0] : name }))
        .on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}

test('With a certificate and its key it serves HTTPS, and a reload takes a renewed certificate', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const copy = (from: string): void => {
    copyFileSync(`${FIXTURES}/${from}cert.pem`, join(cwd, 'cert.pem'))
    copyFileSync(`${FIXTURES}/${from}key.pem`, join(cwd, 'key.pem'))
  }
  copy('')
  const up = startUp(t, ['-p', '0', '-n', '1', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem', 'app.js'], {
    cwd
  })
  const url = await up.url()
  assert.match(url, /^https:/)
  assert.deepEqual(await getTls(url, `${FIXTURES}/cert.pem`), { body: 'hello', name: 'localhost' })

  copy('other-')
  up.proc.kill('SIGUSR2')
  await up.line(/reloaded in/)
  assert.deepEqual(await getTls(url, `${FIXTURES}/other-cert.pem`), {
    body: 'hello',
    name: 'other.localhost'
  })

  write(cwd, 'key.pem', 'half a fi')
  up.proc.kill('SIGUSR2')
  await up.line(/the old certificate stays in use: --tls-key is "key\.pem", but must be a private key/)
  await up.line(/reloaded in/)
  assert.equal((await getTls(url, `${FIXTURES}/other-cert.pem`)).body, 'hello')
})

test('A certificate or key that is missing, is none, or is of another is refused by its option', t => {
  const folder = tempFolder(t, { junk: 'junk' })
  const cert = `${FIXTURES}/cert.pem`
  const key = `${FIXTURES}/key.pem`
  const refuses = (files: { cert: string; key: string }, option: string, message: RegExp): void => {
    assert.throws(
      () => readTls(files),
      (error: unknown) => {
        assert.ok(error instanceof OptionError)
        assert.equal(error.option, option)
        assert.match(error.message, message)
        return true
      }
    )
  }
  assert.ok(readTls({ cert, key }))
  refuses({ cert: join(folder, 'none'), key }, '--tls-cert', /a file with a certificate that can be read$/)
  refuses({ cert, key: folder }, '--tls-key', /a file with a private key that can be read$/)
  refuses({ cert: join(folder, 'junk'), key }, '--tls-cert', /a certificate in PEM form$/)
  refuses(
    { cert, key: join(folder, 'junk') },
    '--tls-key',
    /a private key in PEM form, without a passphrase$/
  )
  refuses({ cert, key: `${FIXTURES}/other-key.pem` }, '--tls-key', /the private key of the certificate test/)
})
