import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import semver from 'semver'
import { UpError } from '../errors.js'

interface AppPackage {
  readonly path: string
  readonly version: string | undefined
  readonly engine: string | undefined
}

/**
 * The version in the app's nearest package.json, read anew each time.
 *
 * @throws {UpError} `UP_ERR_ENGINE`: its `engines.node` does not allow this Node
 */
export function checkAppPackage(file: string, nodeVersion: string = process.version): string | undefined {
  const found = readNearest(dirname(file))
  if (found === undefined) return undefined
  const { engine } = found
  // A range that npm could not read either says nothing.
  if (engine !== undefined && semver.validRange(engine) !== null) {
    if (!semver.satisfies(nodeVersion, engine, { includePrerelease: true })) {
      const why = `asks for Node ${engine} (engines.node), but this is ${nodeVersion}`
      throw new UpError('UP_ERR_ENGINE', `${found.path} ${why}`)
    }
  }
  return found.version
}

function readNearest(start: string): AppPackage | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    const content = read(path)
    if (content !== undefined) return { path, ...content }
    if (dirname(folder) === folder) return undefined
  }
}

function read(path: string): Omit<AppPackage, 'path'> | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    // What is wrong with a package.json that is there, Node itself will say when it loads the module.
    return error instanceof SyntaxError ? { version: undefined, engine: undefined } : undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return { version: undefined, engine: undefined }
  const version = 'version' in parsed && typeof parsed.version === 'string' ? parsed.version : undefined
  const engines = 'engines' in parsed ? parsed.engines : undefined
  const named =
    typeof engines === 'object' && engines !== null && 'node' in engines ? engines.node : undefined
  return { version, engine: typeof named === 'string' ? named : undefined }
}
