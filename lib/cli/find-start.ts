import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OptionError, show, UpError } from '../errors.js'
import { checkExecArgv } from '../options/exec-argv.js'
import { resolveModule } from '../options/module-path.js'
import { parseNodeCommand, type NodeCommand } from './node-command.js'

/** What to run, and how. */
export interface StartCommand extends NodeCommand {
  /** Where it was found, when no file was named: `scripts.start of package.json`. */
  readonly foundIn: string | undefined
}

/** The fields of a package.json that say what to run, whatever they hold. */
interface Named {
  readonly start: unknown
  readonly main: unknown
}

/**
 * What `npm start` would run in this folder: `scripts.start` of its package.json where that is `node <file>`, else
 * `main`, else index.js or server.js.
 *
 * @throws {UpError} `UP_ERR_USAGE`: there is nothing to run, or package.json cannot be read
 * @throws {OptionError} `UP_ERR_OPTION`: `scripts.start` names a file that does not exist, or has an option of node that
 * workers cannot have
 */
export function findStart(cwd: string): StartCommand {
  const named = readPackage(join(cwd, 'package.json'))
  const command = typeof named.start === 'string' ? parseNodeCommand(named.start) : undefined
  if (command !== undefined) {
    checkExecArgv('scripts.start', command.nodeArgs, () => 'an option of node in scripts.start')
    resolveModule(command.file, cwd, 'the file in scripts.start')
    return { ...command, foundIn: 'scripts.start of package.json' }
  }
  if (isModule(named.main, cwd)) return startOf(named.main, 'main of package.json')
  for (const file of ['index.js', 'server.js'])
    if (isModule(file, cwd)) return startOf(file, 'the working directory')
  throw new UpError('UP_ERR_USAGE', `no file was given, and package.json names none to run: ${found(named)}`)
}

/** @param foundIn where it was found; undefined: it was named by the user */
export function startOf(file: string, foundIn?: string): StartCommand {
  return { file, nodeArgs: [], args: [], env: {}, foundIn }
}

function readPackage(path: string): Named {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { start: undefined, main: undefined }
    throw new UpError('UP_ERR_USAGE', `no file was given, and ${path} cannot be read: ${String(cause)}`, {
      cause
    })
  }
  const { scripts, main } = fieldsOf(parsed)
  return { start: fieldsOf(scripts)['start'], main }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isModule(file: unknown, cwd: string): file is string {
  try {
    resolveModule(file, cwd)
    return true
  } catch (error) {
    if (error instanceof OptionError) return false
    throw error
  }
}

function found({ start, main }: Named): string {
  return (
    `scripts.start is ${start === undefined ? 'missing' : show(start)}, but must be a plain command such as ` +
    `"node server.js"; main is ${main === undefined ? 'missing' : show(main)}, but must be a module that exists; ` +
    `and there is neither index.js nor server.js`
  )
}
