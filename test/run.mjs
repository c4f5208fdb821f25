// Runs every compiled test file under node:test. Arguments narrow the choice: `npm test -- reload cli/`.
// Those in `apps` need packages of their own: `npm run test:apps`.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = fileURLToPath(new URL('../build/test/', import.meta.url))
const wanted = process.argv.slice(2)
const files = readdirSync(built, { recursive: true })
  .filter(name => name.endsWith('.test.js') && !name.startsWith('apps/'))
  .filter(name => wanted.length === 0 || wanted.some(part => name.includes(part)))
  .sort()
  .map(name => built + name)

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`)
  process.exit(1)
}

const args = ['--test', '--test-concurrency=3', '--test-timeout=120000', '--test-reporter=spec', ...files]
const env = { ...process.env }
delete env.NODE_ENV
spawn(process.execPath, args, { stdio: 'inherit', env }).on('exit', code => {
  process.exitCode = code ?? 1
})
