import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const LIMIT_MS = 180_000

/** Packages in a temporary folder of their own. */
export interface Installed {
  readonly folder: string
  /** As a module in that folder would do it. */
  readonly require: NodeJS.Require
  versionOf(name: string): string
}

/** Installs packages from the registry, without their install scripts; resolves with the reason if it cannot. */
export async function install(names: readonly string[]): Promise<Installed | string> {
  const folder = mkdtempSync(join(tmpdir(), 'packages-'))
  writeFileSync(join(folder, 'package.json'), '{}')
  // npm chooses versions for the Node that it runs on: it has to be this one.
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...names]
  try {
    await promisify(execFile)('npm', args, {
      cwd: folder,
      env: { ...process.env, PATH },
      timeout: LIMIT_MS
    })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    return `npm could not install ${names.join(' and ')}: ${error instanceof Error ? error.message : String(error)}`
  }
  const require = createRequire(join(folder, 'package.json'))
  const versionOf = (name: string): string => {
    // By its path: few packages export their package.json.
    const { version } = require(join(folder, 'node_modules', name, 'package.json')) as { version: string }
    return version
  }
  return { folder, require, versionOf }
}
