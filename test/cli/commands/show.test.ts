import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '#lib/cli/commands/commands.js'
import { formatAge, formatBytes, formatLatency, formatPercent } from '#lib/cli/commands/figures.js'
import { formatTable } from '#lib/cli/commands/table.js'
import { get } from '../../helpers/cli-app.js'
import { startUp, UP } from '../../helpers/cli-process.js'
import { yard } from '../../helpers/command.js'
import { until } from '../../helpers/wait.js'

test('Figures are for people', () => {
  const S = 1000
  for (const [ms, text] of [
    [-90 * S, '0s'],
    [0, '0s'],
    [999, '0s'],
    [59.9 * S, '59s'],
    [182 * S, '3m 2s'],
    [3600 * S, '1h 0m'],
    [86_399 * S, '23h 59m'],
    [300_000 * S, '3d 11h']
  ] as const)
    assert.equal(formatAge(ms), text)
  assert.deepEqual([0.42, 9.96, 12.4, 999.4, 1500, null].map(formatLatency), [
    '0.4 ms',
    '10 ms',
    '12 ms',
    '999 ms',
    '1.5 s',
    '-'
  ])
  assert.deepEqual([88_080_384, 1_288_490_189, null].map(formatBytes), ['84 MB', '1.2 GB', '-'])
  assert.deepEqual([0, 12.6, undefined].map(formatPercent), ['0%', '13%', '-'])
})

test('A table is as wide as it has to be, and what it shows cannot steer a terminal', () => {
  const table = formatTable(
    [
      { title: 'N', of: (row: [number, string]) => row[0], right: true },
      { title: 'TEXT', of: row => row[1] }
    ],
    [
      [1, 'a'],
      [100, 'b\x1b[2J\n']
    ],
    false
  )
  assert.equal(table, '  N  TEXT\n  1  a\n100  b?[2J?')
})

test('up status shows a headline and each worker; --json is what GET /status answers', async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '2', '--name', 'shop', 'app.js'], 2)
  const url = await up.url()
  await get(url)
  const { code, stdout, stderr } = await run('status')
  assert.deepEqual([code, stderr], [0, ''])
  const [first, second, , titles, ...rows] = stdout.trimEnd().split('\n')
  assert.equal(first, `shop  running  ${join(cwd, 'app.js')}`)
  assert.match(
    second ?? '',
    new RegExp(`^generation 1 \\(1\\.4\\.0\\), 2 workers, ${url} .*, held 0, pid ${up.pid}, up `)
  )
  const titled = 'GENERATION VERSION PID STATE AGE IN-FLIGHT REQUESTS ERRORS P99 CPU MEMORY CONNECTIONS'
  assert.equal(titles?.trim().replace(/ +/g, ' '), titled)
  assert.equal(rows.length, 2)
  for (const row of rows)
    assert.match(
      row,
      /^ +1 +1\.4\.0 +\d+ +serving +\d+s +0 +[01] +0 +(-|[\d.]+ ms) +(-|\d+%) +(-|\d+ MB) +\d+$/
    )
  const json = (await run('status', '--json')).stdout
  assert.match(json, /^\{.*\}\n$/)
  const status = JSON.parse(json) as Record<string, unknown>
  assert.deepEqual([status['name'], status['pid'], status['state']], ['shop', up.pid, 'running'])
  assert.deepEqual(
    (status['workers'] as { pid: number }[]).map(({ pid }) => pid).sort(),
    [...up.workers()].sort()
  )
})

test('up status --watch goes on each second, also over a program that starts anew, until it is interrupted', async t => {
  const { serve, cwd, env } = yard(t)
  const first = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const watch = startUp(t, ['status', '--watch', 'shop'], { cwd, env })
  await watch.line(new RegExp(`pid ${first.pid}, `))
  await watch.line(new RegExp(`pid ${first.pid}, `))
  first.proc.kill('SIGKILL')
  await watch.line(/^no answer for \d+s; trying again$/)
  const second = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  await watch.line(new RegExp(`pid ${second.pid}, `))
  watch.proc.kill('SIGINT')
  assert.equal(await watch.exited, 0)
})

test('up status --watch --json prints a line each second', async t => {
  const { serve, cwd, env } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const watch = startUp(t, ['status', '--watch', '--json'], { cwd, env })
  for (let i = 0; i < 2; i++) {
    const [line] = await watch.line(/^\{.*\}$/)
    assert.equal((JSON.parse(line) as { pid: number }).pid, up.pid)
  }
  watch.proc.kill('SIGTERM')
  assert.equal(await watch.exited, 0)
})

test('up ls lists all that run, and cleans away what is left of those that died', async t => {
  const { serve, run, cwd, folder, env } = yard(t)
  assert.deepEqual(await run('ls'), {
    code: 0,
    stdout: '',
    stderr: `up: no up runs: there is no control socket in ${folder}\n`
  })
  assert.equal((await run('ls', '--json')).stdout, '[]\n')
  const shop = await serve(['-n', '2', '--name', 'shop', 'app.js'], 2)
  const front = startUp(t, ['proxy', '-p', '0', '--name', 'front', '127.0.0.1:9'], { cwd, env })
  await front.url()
  const dead = await serve(['-n', '1', '--name', 'dead', 'app.js'])
  dead.proc.kill('SIGKILL')
  await dead.exited
  assert.ok(existsSync(join(folder, 'dead.sock')))
  const { code, stdout, stderr } = await run('ls')
  assert.deepEqual([code, stderr], [0, ''])
  const [titles, ...rows] = stdout.trimEnd().split('\n')
  assert.equal(titles?.trim().replace(/ +/g, ' '), 'NAME PID STATE GENERATION WORKERS AGE SERVES')
  assert.equal(rows.length, 2)
  assert.match(rows[0] ?? '', new RegExp(`^front +${front.pid} +running +- +- +\\d+s +127\\.0\\.0\\.1:9$`))
  assert.match(rows[1] ?? '', new RegExp(`^shop +${shop.pid} +running +1 +2 +\\d+s +${join(cwd, 'app.js')}$`))
  assert.equal(existsSync(join(folder, 'dead.sock')), false)
  assert.equal((await run('ls', '--names')).stdout, 'front\nshop\n')
  const json = JSON.parse((await run('ls', '--json')).stdout) as Record<string, unknown>[]
  assert.deepEqual(
    json.map(one => [one['name'], one['pid'], one['state'], one['workers'], one['upstreams']]),
    [
      ['front', front.pid, 'running', undefined, ['127.0.0.1:9']],
      ['shop', shop.pid, 'running', 2, undefined]
    ]
  )
})

/** What bash completes of these words, the last of which is begun. */
function completed(folder: string, env: Readonly<Record<string, string>>, ...words: string[]): string[] {
  const script = `
    up() { ${JSON.stringify(process.execPath)} ${JSON.stringify(UP)} "$@"; }
    source ./up.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _up
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const out = execFileSync('bash', ['-c', script, 'bash', 'up', ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env }
  })
  return out
    .split('\n')
    .filter(line => line !== '')
    .sort()
}

test('bash completes commands, options, names of programs and files', async t => {
  const { serve, run, cwd, env } = yard(t)
  const { code, stdout } = await run('completion', 'bash')
  assert.equal(code, 0)
  writeFileSync(join(cwd, 'up.bash'), stdout)
  await serve(['-n', '1', '--name', 'shop', 'app.js'])
  await serve(['-n', '1', '--name', 'api', 'app.js'])
  assert.deepEqual(completed(cwd, env, 'st'), ['status', 'stop'])
  assert.deepEqual(completed(cwd, env, 'ap'), ['app.js'])
  writeFileSync(join(cwd, 'my own.js'), '')
  assert.deepEqual(completed(cwd, env, 'check', 'my'), ['my own.js'])
  assert.deepEqual(completed(cwd, env, 'ls', ''), [])
  assert.deepEqual(completed(cwd, env, '--max-h'), ['--max-held'])
  assert.deepEqual(completed(cwd, env, 'reload', '--'), [
    '--canary',
    '--control',
    '--help',
    '--keep-previous',
    '--standby',
    '--version'
  ])
  assert.deepEqual(completed(cwd, env, 'reload', ''), ['api', 'shop'])
  assert.deepEqual(completed(cwd, env, 'scale', '2', 's'), ['shop'])
  assert.deepEqual(completed(cwd, env, 'completion', ''), ['bash', 'fish', 'zsh'])
  assert.deepEqual(completed(cwd, env, 'proxy', '--health-p'), ['--health-passes', '--health-path'])
  for (const { name } of COMMANDS) assert.ok(completed(cwd, env, '').includes(name), name)
})

for (const shell of ['zsh', 'fish'] as const) {
  test(`${shell} is told of every command`, async t => {
    const { run, cwd } = yard(t)
    const { code, stdout } = await run('completion', shell)
    assert.equal(code, 0)
    for (const { name } of COMMANDS) assert.match(stdout, new RegExp(`\\b${name}\\b`))
    for (const flag of ['canary', 'health-path', 'max-held']) assert.ok(stdout.includes(flag), flag)
    writeFileSync(join(cwd, 'script'), stdout)
    const { error, status } = spawnSync(shell, ['-n', 'script'], { cwd, stdio: 'ignore' })
    if (error !== undefined) return t.diagnostic(`${shell} is not there to check its syntax`)
    assert.equal(status, 0)
  })
}

test('fish completes commands, options, values and files', async t => {
  if (spawnSync('fish', ['--version']).error !== undefined) return t.skip('fish is not there')
  const { run, cwd } = yard(t)
  writeFileSync(join(cwd, 'up.fish'), (await run('completion', 'fish')).stdout)
  for (const [line, expected] of [
    ['up sta', ['status']],
    ['up reload --c', ['--canary', '--control']],
    ['up app.js --max-h', ['--max-held']],
    ['up completion ', ['bash', 'fish', 'zsh']],
    ['up check ap', ['app.js']],
    ['up ls ap', []]
  ] as const) {
    const script = `source up.fish; complete -C ${JSON.stringify(line)}`
    const env = { ...process.env, HOME: cwd, XDG_CONFIG_HOME: cwd, XDG_DATA_HOME: cwd, XDG_CACHE_HOME: cwd }
    const out = execFileSync('fish', ['--no-config', '-c', script], { cwd, encoding: 'utf8', env })
    const words = out.split('\n').flatMap(text => text.split('\t')[0] || [])
    assert.deepEqual(words.sort(), expected, line)
  }
})

test('A reader of the table that goes away ends the watching', async t => {
  const { serve, cwd, env } = yard(t)
  await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const watch = startUp(t, ['status', '--watch'], { cwd, env })
  await watch.line(/^shop  running/)
  watch.proc.stdout?.destroy()
  await until(() => watch.proc.exitCode !== null)
  assert.equal(watch.proc.exitCode, 0)
})
