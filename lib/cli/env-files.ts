import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { OptionError } from '../errors.js'

/** A file of `NAME=value` lines, which `node` reads when a worker starts. */
export interface EnvFile {
  readonly option: '--env-file' | '--env-file-if-exists'
  /** Absolute. */
  readonly path: string
}

/** The files that arguments of `node` name. */
export function envFilesIn(nodeArgs: readonly string[], cwd: string): EnvFile[] {
  return nodeArgs.flatMap((argument, i) => {
    const [, option, value] = /^(--env-file(?:-if-exists)?)(?:=([^]*))?$/.exec(argument) ?? []
    const path = value ?? nodeArgs[i + 1]
    if (option === undefined || path === undefined) return []
    return [{ option: option as EnvFile['option'], path: resolve(cwd, path) }]
  })
}

/**
 * What the files set together: of two that name the same the later counts.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: a file that has to be there cannot be read
 */
export function readEnvFiles(files: readonly EnvFile[]): Record<string, string> {
  const sets = files.map(({ option, path }) => {
    if (option === '--env-file-if-exists' && !existsSync(path)) return {}
    try {
      return parseEnv(readFileSync(path, 'utf8'))
    } catch (cause) {
      throw new OptionError(option, path, 'a file that can be read', cause)
    }
  })
  return Object.assign({}, ...sets) as Record<string, string>
}
