import type { Undo } from './live-options.js'

/** Reloads with the options that are in force from now on; where that fails, they are what they were. */
export async function withNewOptions<T>(
  renew: () => Promise<Undo | undefined>,
  reload: () => Promise<T>
): Promise<T> {
  const undo = await renew()
  try {
    return await reload()
  } catch (error) {
    undo?.()
    throw error
  }
}
