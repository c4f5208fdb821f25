import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ConfigFile } from '#lib/config/config-file.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

// tsx would leave a folder of its own.
process.env['TSX_DISABLE_CACHE'] = '1'

const CONTEXT = { env: { STAGE: 'test' } }
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)

async function read(cwd: string, wanted?: string | false): Promise<unknown> {
  return (await new ConfigFile(cwd, wanted).read(CONTEXT))?.values
}

const FORMS: readonly (readonly [what: string, name: string, text: string])[] = [
  ['An object of an ES module', 'up.config.mjs', 'export default { numWorkers: 3 }'],
  ['An object of a CommonJS module', 'up.config.cjs', 'module.exports = { numWorkers: 3 }'],
  ['A JSON file', 'up.config.json', '{ "numWorkers": 3 }'],
  ['"up" of package.json', 'package.json', '{ "name": "shop", "up": { "numWorkers": 3 } }'],
  ['A function', 'up.config.cjs', 'module.exports = () => ({ numWorkers: 3 })'],
  [
    'An async function that is told the environment',
    'up.config.mjs',
    `export default async ({ env }) => ({ numWorkers: env.STAGE === 'test' ? 3 : 1 })`
  ]
]
for (const [what, name, text] of FORMS) {
  test(`${what} gives the settings`, async t => {
    assert.deepEqual(await read(tempFolder(t, { [name]: text })), { numWorkers: 3 })
  })
}

test('A file is read only if it is wanted', async t => {
  const cwd = tempFolder(t, {
    'up.config.mjs': 'export default { numWorkers: 3 }',
    'other.json': '{ "port": 1 }'
  })
  assert.equal(await read(cwd, false), undefined)
  assert.deepEqual(await read(cwd, 'other.json'), { port: 1 })
  assert.equal(await read(tempFolder(t)), undefined)
})

for (const [name, textOf] of [
  ['up.config.mjs', (n: number) => `export default { numWorkers: ${n} }`],
  ['up.config.cjs', (n: number) => `module.exports = { numWorkers: ${n} }`],
  ['up.config.json', (n: number) => `{ "numWorkers": ${n} }`]
] as const) {
  test(`${name} is read as it is by then`, async t => {
    const cwd = tempFolder(t, { [name]: textOf(1) })
    const file = new ConfigFile(cwd, undefined)
    for (const n of [1, 2, 3, 1]) {
      write(cwd, name, textOf(n))
      assert.deepEqual((await file.read(CONTEXT))?.values, { numWorkers: n })
    }
  })
}

test('A file that failed is loaded once more, though it is the same', async t => {
  const text = `import { existsSync } from 'node:fs'
if (!existsSync(new URL('there', import.meta.url))) throw new Error('not yet')
export default { numWorkers: 3 }`
  const cwd = tempFolder(t, { 'up.config.mjs': text })
  const file = new ConfigFile(cwd, undefined)
  await assert.rejects(file.read(CONTEXT), {
    code: 'UP_ERR_CONFIG',
    message: 'up.config.mjs cannot be loaded: Error: not yet'
  })
  write(cwd, 'there', '')
  assert.deepEqual((await file.read(CONTEXT))?.values, { numWorkers: 3 })
})

const BROKEN: readonly (readonly [what: string, name: string, text: string, message: RegExp])[] = [
  [
    'has a syntax error',
    'up.config.mjs',
    'export default {',
    /^up\.config\.mjs cannot be loaded: SyntaxError: /
  ],
  ['is no JSON', 'up.config.json', '{ numWorkers: 3 }', /^up\.config\.json cannot be loaded: SyntaxError: /],
  [
    'has a function that rejects',
    'up.config.mjs',
    `export default () => Promise.reject(new TypeError('boom'))`,
    /^up\.config\.mjs cannot be loaded: TypeError: boom$/
  ],
  [
    'exports nothing',
    'up.config.mjs',
    'export const numWorkers = 3',
    /gives undefined, but must give an object/
  ],
  ['gives a list', 'up.config.json', '[3]', /gives \[3\], but must give an object/]
]
for (const [what, name, text, message] of BROKEN) {
  test(`A file that ${what} is refused`, async t => {
    await assert.rejects(read(tempFolder(t, { [name]: text })), { code: 'UP_ERR_CONFIG', message })
  })
}

test('A function that never answers is not waited for for ever', async t => {
  const cwd = tempFolder(t, { 'up.config.mjs': 'export default () => new Promise(() => {})' })
  await assert.rejects(new ConfigFile(cwd, undefined, 50).read(CONTEXT), {
    code: 'UP_ERR_CONFIG',
    message: 'up.config.mjs has not given its settings within 0.05 s'
  })
})

test('A file that was there and is gone is no reason to take the defaults', async t => {
  const cwd = tempFolder(t, { 'up.config.json': '{}' })
  const file = new ConfigFile(cwd, undefined)
  await file.read(CONTEXT)
  rmSync(join(cwd, 'up.config.json'))
  await assert.rejects(file.read(CONTEXT), {
    code: 'UP_ERR_CONFIG',
    message: /^up\.config\.json was there before/
  })
})

/** As npm install -D tsx would. */
function installTsx(cwd: string): void {
  mkdirSync(join(cwd, 'node_modules'))
  const tsx = dirname(createRequire(import.meta.url).resolve('tsx/package.json'))
  symlinkSync(tsx, join(cwd, 'node_modules/tsx'))
}

const TYPED = `
interface Settings { numWorkers: number }
const settings: Settings = { numWorkers: 3 }
export default settings
`

test('TypeScript is read by Node, or by the tsx of the app, and as it is by then', async t => {
  const cwd = tempFolder(t, {
    'up.config.ts': TYPED,
    'package.json': '{ "type": "module" }'
  })
  installTsx(cwd)
  const file = new ConfigFile(cwd, undefined)
  assert.deepEqual((await file.read(CONTEXT))?.values, { numWorkers: 3 })
  write(cwd, 'up.config.ts', TYPED.replace('3', '4'))
  assert.deepEqual((await file.read(CONTEXT))?.values, { numWorkers: 4 })
})

test(
  'TypeScript in a CommonJS package is read by the tsx of the app as well',
  { skip: stripsTypes },
  async t => {
    const cwd = tempFolder(t, { 'up.config.ts': TYPED, 'package.json': '{}' })
    installTsx(cwd)
    assert.deepEqual(await read(cwd), { numWorkers: 3 })
  }
)

test('Where nobody reads TypeScript, the error says what to do', { skip: stripsTypes }, async t => {
  await assert.rejects(read(tempFolder(t, { 'up.config.ts': TYPED })), {
    code: 'UP_ERR_CONFIG',
    message: /^up\.config\.ts is TypeScript, .* install tsx \(npm install -D tsx\), take Node 22\.18 or later/
  })
})
