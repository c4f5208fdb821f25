import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Option } from 'commander'
import { COMMANDS } from '#lib/cli/commands/commands.js'
import { APP_METRICS } from '#lib/metrics/app-metrics.js'
import { PROXY_METRICS } from '#lib/metrics/proxy-metrics.js'
import { resolveProxyOptions } from '#lib/options/proxy-options.js'
import { resolveOptions } from '#lib/options/resolve-options.js'
import { OptionError } from 'up-server'
import { ask, copyExample, UP } from './helpers/example.js'
import { Program } from './helpers/program.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGES = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
  ...readdirSync(join(ROOT, 'example'))
    .map(name => `example/${name}/README.md`)
    .filter(path => existsSync(join(ROOT, path)))
]

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** The names in the first column of the tables of a page. */
function rowsOf(page: string): Set<string> {
  return new Set([...page.matchAll(/^\| `(\w+)` /gm)].map(([, name = '']) => name))
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text)
  return new Set(
    headings.map(text =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replace(/ /g, '-')
    )
  )
}

function optionNames(resolve: (options: object) => unknown): string[] {
  try {
    resolve({ noSuchOption: true })
  } catch (error) {
    if (error instanceof OptionError)
      return /the options are (.*)$/.exec(error.message)?.[1]?.split(', ') ?? []
  }
  return []
}

test('README.md has a row for every option', () => {
  const names = optionNames(resolveOptions)
  assert.ok(names.length > 15)
  const rows = rowsOf(read('README.md'))
  assert.deepEqual(
    names.filter(name => !rows.has(name)),
    []
  )
})

test('docs/proxy.md has a row for every option of a proxy, or names one of those of README.md', () => {
  const names = optionNames(resolveProxyOptions)
  assert.ok(names.length > 15)
  const page = read('docs/proxy.md')
  const rows = new Set([
    ...rowsOf(page),
    ...[...rowsOf(read('README.md'))].filter(name => page.includes(`\`${name}\``))
  ])
  assert.deepEqual(
    names.filter(name => !rows.has(name)),
    []
  )
})

test('docs/metrics.md has a row for every metric, with its type', () => {
  const page = read('docs/metrics.md')
  const rows = new Map(
    [...page.matchAll(/^\| `(up_\w+)` +\| (\w+)/gm)].map(([, name = '', type = '']) => [name, type])
  )
  const metrics = [...APP_METRICS, ...PROXY_METRICS].map(({ name, type }) => [name, type] as const)
  assert.deepEqual(new Map([...rows].sort()), new Map([...metrics].sort()))
})

test('README.md has a row for every error code, as lib/errors.ts has', () => {
  const source = read('lib/errors.ts')
  const codes = [...source.matchAll(/^ {2}\| '(UP_ERR_\w+)'/gm)].map(([, code = '']) => code)
  assert.ok(codes.length > 15)
  const rows = rowsOf(read('README.md'))
  const described = new Set([...source.matchAll(/^ \* \| `(UP_ERR_\w+)`/gm)].map(([, code = '']) => code))
  assert.deepEqual(
    codes.filter(code => !rows.has(code) || !described.has(code)),
    []
  )
})

for (const command of ['up', 'up check', 'up proxy']) {
  test(`docs/cli.md shows the help of ${command} as it is`, () => {
    const args = [UP, ...command.split(' ').slice(1), '--help']
    const help = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })
    assert.ok(read('docs/cli.md').includes(`$ ${command} --help\n${help}`), help)
  })
}

test('README.md names every flag of the commands that sets something', () => {
  const flags = [...read('docs/cli.md').matchAll(/^ {2}(?:-\w, )?(--[a-z-]+) </gm)].map(
    ([, flag = '']) => flag
  )
  assert.ok(flags.length > 15)
  const page = read('README.md')
  assert.deepEqual(
    flags.filter(flag => !page.includes(`\`${flag}\``)),
    []
  )
})

test('docs/control.md has a row for every command, with all its options', () => {
  const page = read('docs/control.md')
  const missing = COMMANDS.flatMap(({ name, flags }) => {
    const row = new RegExp(`^\\| ` + '`' + `up ${name}\\b.*$`, 'm').exec(page)?.[0]
    if (row === undefined) return [name]
    const names = flags.map(({ flags: words }) => new Option(words).long ?? words)
    return names
      .filter(flag => flag !== '--control' && !row.includes('`' + flag))
      .map(flag => `${name} ${flag}`)
  })
  assert.deepEqual(missing, [])
})

test('links between pages lead somewhere', () => {
  const broken: string[] = []
  for (const path of PAGES) {
    for (const [, target = ''] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const full = file === '' ? path : join(dirname(path), file)
      const found =
        existsSync(join(ROOT, full)) && (anchor === undefined || anchorsOf(read(full)).has(anchor))
      if (!found) broken.push(`${path}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test("README.md's program of ten lines runs", async t => {
  const blocks = [...read('README.md').matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code = '']) => code)
  const program = blocks.find(code => code.includes("from 'up-server'"))
  assert.ok(program !== undefined)
  const folder = copyExample(t, 'hello-world')
  const told =
    "server.on('listening', () => console.log(`listening on http://localhost:${server.address().port}`))"
  writeFileSync(join(folder, 'readme.js'), `${program.replace('listen(3000)', 'listen(0)')}\n${told}\n`)
  const running = Program.start(t, ['readme.js'], { cwd: folder })
  const port = await running.port()
  assert.equal((await ask(port, '/health')).body, 'fine\n')
  assert.match((await ask(port)).body, /^Hello from worker/)
  running.signal('SIGUSR2')
  await running.waitFor(/generation 2 serves/)
  assert.deepEqual(await running.stop(), { code: 0, left: [] })
})
