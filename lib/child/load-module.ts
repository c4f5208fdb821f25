import { createRequire, Module } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What Node itself can load, or a later Node. All else needs a hook. */
const OWN_EXTENSIONS = new Set(['.js', '.cjs', '.mjs', '.json', '.node', '.ts', '.cts', '.mts'])

/**
 * Loads the modules that are to be loaded first, as `node -r` does: a path that begins with a dot or a
 * slash from the working directory, any other name from the node_modules above it.
 */
export async function loadRequires(names: readonly string[], cwd: string): Promise<void> {
  const require = createRequire(join(cwd, 'noop.js'))
  for (const name of names) await import(pathToFileURL(require.resolve(name)).href)
}

/**
 * Runs the user's module as the main one, as `node file` does: so `require.main === module` holds, and
 * `import.meta.main` where this Node has it. CommonJS or ESM.
 *
 * @returns its default export, or all that it exports
 */
export async function runMain(file: string): Promise<unknown> {
  const require = createRequire(file)
  const path = require.resolve(file)
  if (!OWN_EXTENSIONS.has(extname(path))) return runHooked(path, require)
  Module.runMain(path)
  // Of an ES module Node tells the failure itself, as of any other that it runs: it is not to be told twice.
  return defaultOf(await import(pathToFileURL(path).href).catch(forever))
}

/** Extensions that only a hook knows: `.coffee`, for example, or `.tsx`. */
async function runHooked(path: string, require: NodeJS.Require): Promise<unknown> {
  try {
    return defaultOf(await import(pathToFileURL(path).href))
  } catch (error) {
    if (!isUnknownExtension(error) || !(extname(path) in require.extensions)) throw error
    return transpiledDefault((Module as unknown as MainLoader)._load(path, null, true))
  }
}

/** What `Module.runMain` calls for CommonJS; here it must not be left to choose. */
interface MainLoader {
  _load(path: string, parent: null, isMain: boolean): unknown
}

function forever(): Promise<never> {
  return new Promise(() => {})
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
}

function defaultOf(namespace: unknown): unknown {
  return transpiledDefault(isObject(namespace) && 'default' in namespace ? namespace.default : namespace)
}

/** `exports.default` of an ES module that was transpiled to CommonJS. */
function transpiledDefault(value: unknown): unknown {
  return isObject(value) && '__esModule' in value && 'default' in value ? value.default : value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
