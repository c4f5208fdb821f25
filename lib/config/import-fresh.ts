import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { configError } from './config-error.js'

/**
 * Loads a module as it is now, whatever was loaded from the same file before; what it imports itself is loaded once.
 *
 * @param version unlike that of any other content of the file
 * @returns its default export
 * @throws {UpError} `UP_ERR_CONFIG`: nobody here can read TypeScript; or whatever the module throws
 */
export async function importFresh(path: string, label: string, version: string): Promise<unknown> {
  if (/^\.m?ts$/.test(extname(path)) && !readsTypeScript()) return defaultOf(await importByTsx(path, label))
  // What is CommonJS has a cache of its own, by its path.
  Reflect.deleteProperty(createRequire(path).cache, path)
  return defaultOf(await import(`${pathToFileURL(path).href}?version=${version}`))
}

/** Node 22.18 and later strip types. */
function readsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown }
  return typescript === 'strip' || typescript === 'transform'
}

/** What is used of tsx. */
interface Tsx {
  /** Loads a module, and what it imports, as they are now. */
  require(path: string, from: string): unknown
}

async function importByTsx(path: string, label: string): Promise<unknown> {
  const require = createRequire(path)
  let place: string
  try {
    place = require.resolve('tsx/cjs/api')
  } catch (cause) {
    const why =
      `is TypeScript, which Node ${process.version} cannot read by itself: install tsx (npm install -D tsx), ` +
      `take Node 22.18 or later, or write it in JavaScript`
    throw configError(label, why, cause)
  }
  try {
    return (require(place) as Tsx).require(path, path)
  } finally {
    // What tsx has loaded it keeps apart, and would give again.
    for (const key of Object.keys(require.cache))
      if (/\?namespace=\w+$/.test(key)) Reflect.deleteProperty(require.cache, key)
    await stopCompiler(place)
  }
}

/** tsx leaves its compiler running, as a process of its own; nobody needs it before the next reload. */
async function stopCompiler(tsx: string): Promise<void> {
  try {
    await (createRequire(tsx)('esbuild') as { stop(): Promise<void> }).stop()
  } catch {
    // Another version, which has another compiler.
  }
}

/** Also of a module that was transpiled to CommonJS. */
function defaultOf(namespace: unknown): unknown {
  const found = memberOf(namespace)
  return isObject(found) && '__esModule' in found ? memberOf(found) : found
}

function memberOf(value: unknown): unknown {
  return isObject(value) && 'default' in value ? value.default : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
