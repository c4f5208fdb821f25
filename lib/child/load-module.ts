import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Loads the modules that are to be loaded first, as `node -r` does: a path that begins with a dot or a
 * slash from the working directory, any other name from the node_modules above it.
 */
export async function loadRequires(names: readonly string[], cwd: string): Promise<void> {
  const require = createRequire(join(cwd, 'noop.js'))
  for (const name of names) await import(pathToFileURL(require.resolve(name)).href)
}

/** Loads the user's module, CommonJS or ESM, and returns its default export, or all that it exports. */
export async function loadModule(file: string): Promise<unknown> {
  const require = createRequire(file)
  const path = require.resolve(file)
  try {
    const namespace: unknown = await import(pathToFileURL(path).href)
    return transpiledDefault(isObject(namespace) && 'default' in namespace ? namespace.default : namespace)
  } catch (error) {
    // Extensions that only a require hook knows, `.coffee` or `.ts` with ts-node for example.
    if (!isUnknownExtension(error) || !(extname(path) in require.extensions)) throw error
    return transpiledDefault(require(path))
  }
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
}

/** `exports.default` of an ES module that was transpiled to CommonJS. */
function transpiledDefault(value: unknown): unknown {
  return isObject(value) && '__esModule' in value && 'default' in value ? value.default : value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
