import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { UP } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Checked {
  readonly ok: boolean
  readonly config: string | null
  readonly settings: Readonly<Record<string, { readonly value: unknown; readonly from: string } | undefined>>
  readonly errors: readonly { readonly code: string; readonly message: string }[]
}

async function check(cwd: string, args: string[] = [], given: Record<string, string> = {}): Promise<Ended> {
  const env = { ...process.env, NODE_ENV: '', PORT: '', ...given }
  try {
    const out = await promisify(execFile)(process.execPath, [UP, 'check', ...args], {
      cwd,
      env,
      timeout: 60_000
    })
    return { code: 0, ...out }
  } catch (error) {
    const { code, stdout, stderr } = error as Ended
    return { code, stdout, stderr }
  }
}

const FILE = `export default {
  file: 'app.js', workerTimeout: '90s', env: { KEY: 'confidential' },
  balance: { policy: 'sticky', secret: 'confidential-confidential' }
}`

test('up check shows each setting, its value, and where that comes from, and exits with 0', async t => {
  const cwd = tempFolder(t, { 'up.config.mjs': FILE, 'app.js': '' })
  const { code, stdout, stderr } = await check(cwd, ['-n', '3'], { UP_MAX_HELD: '7', PORT: '80' })
  assert.deepEqual([code, stderr], [0, ''])
  const rows = stdout.split('\n').map(line => line.split(/ {2,}/))
  for (const row of [
    ['file', 'app.js', 'up.config.mjs'],
    ['numWorkers', '3', '--number'],
    ['maxHeld', '7', 'env UP_MAX_HELD'],
    ['port', '80', 'env PORT'],
    ['workerTimeout', '90s', 'up.config.mjs'],
    ['killTimeout', '5s', 'default'],
    ['env', 'KEY', 'up.config.mjs']
  ])
    assert.ok(
      rows.some(found => String(found) === String(row)),
      `${row.join(' ')} is missing in\n${stdout}`
    )
  assert.doesNotMatch(stdout, /confidential/)
})

test('up check --json says the same to programs', async t => {
  const cwd = tempFolder(t, { 'up.config.mjs': FILE, 'app.js': '', 'package.json': '{"name":"shop"}' })
  const { code, stdout } = await check(cwd, ['--json', '--ready-timeout', '3s'])
  assert.equal(code, 0)
  const { ok, config, settings, errors } = JSON.parse(stdout) as Checked
  assert.deepEqual({ ok, config, errors }, { ok: true, config: 'up.config.mjs', errors: [] })
  assert.deepEqual(settings['readyTimeout'], { value: 3000, from: '--ready-timeout' })
  assert.deepEqual(settings['workerTimeout'], { value: 90_000, from: 'up.config.mjs' })
  assert.deepEqual(settings['name'], { value: 'shop', from: 'default' })
  assert.deepEqual(settings['balance'], {
    value: { policy: 'sticky', secret: '***' },
    from: 'up.config.mjs'
  })
  assert.deepEqual(settings['watch'], { value: false, from: 'default' })
})

test('up check tells all that is wrong, not the first alone, and exits with 2', async t => {
  const file = 'export default { file: "no.js", workerTimout: 3, numWorkers: 0, proxy: { upstreams: ["x"] } }'
  const cwd = tempFolder(t, { 'up.config.mjs': file })
  const { code, stdout, stderr } = await check(cwd, ['-p', 'x'], { UP_WATCH: 'x' })
  assert.deepEqual([code, stdout], [2, ''])
  const expected = [
    /^up: --port is "x", but must be a port/,
    /^up: env UP_WATCH is "x", but must be true or false/,
    /^up: up\.config\.mjs: workerTimout is 3, but there is no such setting: did you mean workerTimeout\?/,
    /^up: up\.config\.mjs: numWorkers is 0, but must be a whole number/,
    /^up: up\.config\.mjs: proxy\.upstreams\[0\] is "x", but must be/
  ]
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, expected.length, stderr)
  for (const [i, pattern] of expected.entries()) assert.match(lines[i] ?? '', pattern)

  const json = await check(cwd, ['-p', 'x', '--json'], { UP_WATCH: 'x' })
  assert.equal(json.code, 2)
  const { ok, settings, errors } = JSON.parse(json.stdout) as Checked
  assert.deepEqual({ ok, settings }, { ok: false, settings: {} })
  assert.deepEqual(
    errors.map(({ message }) => `up: ${message}`),
    lines
  )
})

test('up check looks whether the app is there, and the certificate', async t => {
  const cwd = tempFolder(t, { 'up.config.json': '{"file":"no.js","tlsCert":"no.pem","tlsKey":"no.pem"}' })
  const { code, stderr } = await check(cwd)
  assert.equal(code, 2)
  assert.match(
    stderr,
    /^up: up\.config\.json: file is "no\.js", but must be the path of a module that exists/
  )
  assert.match(stderr, /^up: --tls-cert is "no\.pem", but must be a file with a certificate/m)
})

test('A configuration that cannot be loaded is told together with what else is wrong', async t => {
  const cwd = tempFolder(t, { 'up.config.mjs': 'throw new Error("boom")', 'app.js': '' })
  const { code, stderr } = await check(cwd, ['-n', '0', 'app.js'])
  assert.equal(code, 2)
  assert.match(stderr, /^up: up\.config\.mjs cannot be loaded: Error: boom$/m)
  assert.match(stderr, /^up: --number is "0 /m)
  assert.equal((await check(cwd, ['--no-config', 'app.js'])).code, 0)
  assert.equal((await check(cwd, ['app.js'], { UP_CONFIG: 'false' })).code, 0)
  write(cwd, 'other.json', '{ "numWorkers": 3 }')
  assert.match(
    (await check(cwd, ['app.js'], { UP_CONFIG: 'other.json' })).stdout,
    /^numWorkers +3 +other\.json$/m
  )
  assert.match((await check(cwd, ['--config', 'no.json', 'app.js'])).stderr, /^up: no\.json is not there/)
})

test('A file for up proxy alone needs no app', async t => {
  const cwd = tempFolder(t, { 'up.config.json': '{"proxy":{"upstreams":[2000],"healthPath":"/up"}}' })
  const { code, stdout, stderr } = await check(cwd, ['--json'])
  assert.equal(code, 0, stderr)
  const { settings } = JSON.parse(stdout) as Checked
  assert.deepEqual(settings['proxy.upstreams'], { value: [2000], from: 'up.config.json' })
  assert.deepEqual(settings['proxy.healthInterval'], { value: 2000, from: 'default' })
  assert.deepEqual(settings['proxy.healthStatus'], { value: '200-399', from: 'default' })
  assert.equal(settings['numWorkers'], undefined)
})

test('A variable that is misspelt is pointed out, and no error', async t => {
  const cwd = tempFolder(t, { 'app.js': '' })
  const { code, stderr } = await check(cwd, ['app.js'], { UP_MAX_HEDL: '3', UP_SINCE: 'monday' })
  assert.equal(code, 0)
  assert.equal(stderr, 'up: env UP_MAX_HEDL says nothing to up: did you mean UP_MAX_HELD?\n')
})

test('up check has a help of its own, and refuses what it does not know', async t => {
  const cwd = tempFolder(t)
  assert.match((await check(cwd, ['--help'])).stdout, /^Usage: up check \[options\] \[file\]/)
  const { code, stderr } = await check(cwd, ['--nope'])
  assert.deepEqual([code, stderr], [2, "up: unknown option '--nope'\n"])
})
