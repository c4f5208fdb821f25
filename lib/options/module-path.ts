import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { OptionError } from '../errors.js'

/**
 * The absolute path of the user's module. Links in it are kept: a deployment that points a link at a
 * new folder is what the next reload is to find.
 *
 * @param option what an error calls it
 * @throws {OptionError} `UP_ERR_OPTION`: not a path, or there is no such module
 */
export function resolveModule(file: unknown, cwd: string, option = 'file'): string {
  if (typeof file !== 'string' || file === '') {
    throw new OptionError(option, file, 'the path of a module')
  }
  const path = resolve(cwd, file)
  try {
    createRequire(path).resolve(path)
  } catch (cause) {
    throw new OptionError(option, file, `the path of a module that exists; there is none at ${path}`, cause)
  }
  return path
}
