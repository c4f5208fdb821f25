// Compares our response parser with llhttp for longer: `npm run fuzz -- --seed 7 --cases 1000000`.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { seed: { type: 'string' }, cases: { type: 'string' } } })
const { seed = String(Date.now() % 2 ** 31), cases = '1000000' } = values
if (!/^-?\d+$/.test(seed) || !/^[1-9]\d*$/.test(cases)) {
  console.error('usage: npm run fuzz -- [--seed <integer>] [--cases <number of cases>]')
  process.exit(1)
}
console.log(`${cases} cases, seed ${seed}`)
const file = fileURLToPath(new URL('../build/test/proxy/llhttp-fuzz.test.js', import.meta.url))
const env = { ...process.env, UP_FUZZ_SEED: seed, UP_FUZZ_CASES: cases }
spawn(process.execPath, ['--test', '--test-reporter=spec', file], { stdio: 'inherit', env }).on(
  'exit',
  code => {
    process.exitCode = code ?? 1
  }
)
