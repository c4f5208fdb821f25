// `npm run tour`: what operators do, shown with a real app under load.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tour } from './tour.js'

const folder = mkdtempSync(join(tmpdir(), 'up-tour-'))
try {
  const { failed } = await tour(folder, text => process.stdout.write(text))
  if (failed.length > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
