import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The files that a generation runs, also those of its workers that are started later. */
export interface Release {
  /** Path of the user's module: as it was named, or where the links in it led. */
  readonly file: string
  /** Working directory of the workers, in the same way. */
  readonly cwd: string
}

/** Where the links lead now: a deployment may point them elsewhere, and the release is to stay what it is. */
export function findRelease(file: string, cwd: string): Release {
  return { file: followModule(file), cwd: follow(cwd) ?? cwd }
}

/** Not by `require.resolve`: it remembers where a link led. */
function followModule(file: string): string {
  for (const extension of ['', ...Object.keys(createRequire(file).extensions)]) {
    const real = follow(file + extension)
    if (real !== undefined) return real === file + extension ? file : real
  }
  // The worker that cannot load it will say so best.
  return file
}

function follow(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
