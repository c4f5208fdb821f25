// Runs real apps under `up`, unmodified: `npm run test:apps`. Arguments narrow the choice of apps.
// Their packages come from the registry, into a temporary folder. With UP_APPS that folder is named, and stays.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const wanted = process.argv.slice(2)
const files = readdirSync(join(root, 'build/test/apps'))
  .filter(name => name.endsWith('.test.js'))
  .filter(name => wanted.length === 0 || wanted.some(part => name.includes(part)))
  .map(name => join(root, 'build/test/apps', name))
if (files.length === 0) {
  console.error(`no app matches ${wanted.join(' ')}`)
  process.exit(1)
}

const kept = process.env.UP_APPS
const folder = kept ?? mkdtempSync(join(realpathSync(tmpdir()), 'up-apps-'))
const env = { ...process.env, UP_APPS: folder, NEXT_TELEMETRY_DISABLED: '1' }
delete env.NODE_ENV
try {
  prepare()
  process.exitCode = await runTests()
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true })
}

function prepare() {
  cpSync(join(root, 'test/apps'), folder, { recursive: true, filter: path => !/\.test\.ts$/.test(path) })
  const started = performance.now()
  if (!existsSync(join(folder, 'node_modules/.package-lock.json'))) {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  }
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], join(folder, 'nest'))
  if (!existsSync(join(folder, 'next/.next/BUILD_ID'))) {
    run(process.execPath, ['../node_modules/next/dist/bin/next', 'build'], join(folder, 'next'))
  }
  console.log(`installed and built in ${Math.round((performance.now() - started) / 1000)} s`)
}

function run(command, args, cwd) {
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
}

function runTests() {
  const args = ['--test', '--test-concurrency=2', '--test-timeout=180000', '--test-reporter=spec', ...files]
  return new Promise(resolve => {
    spawn(process.execPath, args, { stdio: 'inherit', env }).on('exit', code => resolve(code ?? 1))
  })
}
