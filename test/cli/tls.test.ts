import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { connect, type ClientHttp2Session } from 'node:http2'
import { request } from 'node:https'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { WebSocket } from 'ws'
import { readTls } from '#lib/cli/tls.js'
import { OptionError } from '#lib/errors.js'
import { appText } from '../helpers/cli-app.js'
import { atEnd } from '../helpers/cli-cleanup.js'
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

/** The answer to one request of HTTP/2, and the common name of the certificate. */
async function getHttp2(
  session: ClientHttp2Session,
  path = '/'
): Promise<{ body: string; name: string | string[] | undefined }> {
  const stream = session.request({ ':path': path })
  const body = await text(stream)
  assert.equal(stream.rstCode, 0)
  return { body, name: (session.socket as TLSSocket).getPeerCertificate().subject.CN }
}

function connectHttp2(t: TestContext, url: string, ca: string): ClientHttp2Session {
  const session = connect(url, { ca: readFileSync(ca), servername: 'localhost' })
  atEnd(t, () => session.destroy())
  return session
}

test('The same port serves HTTP/2, HTTP/1.1 and WebSockets, as the client chooses', async t => {
  const cwd = tempFolder(t, {
    'app.js': `
const { createServer } = require('node:http')
const { WebSocketServer } = require(${JSON.stringify(createRequire(import.meta.url).resolve('ws'))})
const server = createServer((req, res) => res.end(req.headers['x-forwarded-proto'] + ' ' + req.socket.remoteAddress))
new WebSocketServer({ server }).on('connection', ws => ws.on('message', data => ws.send(data)))
module.exports = server
`
  })
  const files = ['--tls-cert', resolve(FIXTURES, 'cert.pem'), '--tls-key', resolve(FIXTURES, 'key.pem')]
  const up = startUp(t, ['-p', '0', '--host', '127.0.0.1', '-n', '1', ...files, 'app.js'], { cwd })
  const url = await up.url()
  const ca = `${FIXTURES}/cert.pem`

  const session = connectHttp2(t, url, ca)
  assert.equal((await getHttp2(session)).body, 'https 127.0.0.1')
  assert.equal(session.alpnProtocol, 'h2')
  assert.ok((session.remoteSettings.maxConcurrentStreams ?? Infinity) <= 250)
  assert.equal((await getTls(url, ca)).body, 'https 127.0.0.1')

  const socket = new WebSocket(url.replace('https', 'wss'), { ca: readFileSync(ca) })
  atEnd(t, () => socket.terminate())
  await once(socket, 'open')
  socket.send('echo')
  const [data] = (await once(socket, 'message')) as [Buffer]
  assert.equal(data.toString(), 'echo')

  up.proc.kill('SIGTERM')
  await once(session, 'goaway')
  socket.close()
  assert.equal(await up.exited, 0)
})

test('curl gets the same by either version', { skip: !hasCurl() }, async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const files = ['--tls-cert', resolve(FIXTURES, 'cert.pem'), '--tls-key', resolve(FIXTURES, 'key.pem')]
  const up = startUp(t, ['-p', '0', '--host', '127.0.0.1', '-n', '1', ...files, 'app.js'], { cwd })
  const url = await up.url()
  for (const [option, version] of [
    ['--http2', '2'],
    ['--http1.1', '1.1'],
    ['--no-alpn', '1.1']
  ] as const) {
    const args = ['-s', '--cacert', `${FIXTURES}/cert.pem`, '-w', ' %{http_code} %{http_version}']
    const { stdout } = await promisify(execFile)('curl', [...args, option, url])
    assert.equal(stdout, `hello 200 ${version}`)
  }
})

test('A renewed certificate is picked up by itself, and no connection is dropped', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  for (const file of ['cert.pem', 'key.pem']) {
    copyFileSync(`${FIXTURES}/${file}`, join(cwd, `1-${file}`))
    copyFileSync(`${FIXTURES}/other-${file}`, join(cwd, `2-${file}`))
    symlinkSync(`1-${file}`, join(cwd, file))
  }
  const args = ['-p', '0', '--host', '127.0.0.1', '-n', '1', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem']
  const up = startUp(t, [...args, 'app.js'], { cwd })
  const url = await up.url()
  const old = connectHttp2(t, url, `${FIXTURES}/cert.pem`)
  const slow = old.request({ ':path': '/slow' })
  assert.equal(String(((await once(slow, 'data')) as [Buffer])[0]), 'begun ')

  for (const file of ['cert.pem', 'key.pem']) {
    symlinkSync(`2-${file}`, join(cwd, `new-${file}`))
    renameSync(join(cwd, `new-${file}`), join(cwd, file))
  }
  await up.line(/the certificate was renewed: valid until .* GMT$/)
  const fresh = connectHttp2(t, url, `${FIXTURES}/other-cert.pem`)
  assert.deepEqual(await getHttp2(fresh), { body: 'hello', name: 'other.localhost' })
  assert.deepEqual(await getHttp2(old), { body: 'hello', name: 'localhost' })
  write(cwd, 'go', '')
  assert.equal(await text(slow), 'hello')
  assert.equal(slow.rstCode, 0)
})

function hasCurl(): boolean {
  try {
    return / HTTP2 /.test(execFileSync('curl', ['--version'], { encoding: 'utf8' }))
  } catch {
    return false
  }
}

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
