import { rmSync, statSync, writeFileSync } from 'node:fs'

/** A lock is held for an instant. One that is older was left behind by a crash, in milliseconds. */
const STALE_MS = 5000
/** How long others may hold the lock, one after the other, and how often to look, in milliseconds. */
const WAIT_MS = 2000
const POLL_MS = 10

/**
 * Does what is over in an instant, while no other process does the same under this lock. Blocks until that is possible.
 *
 * @param lock path of the lock file, which is there meanwhile
 * @throws `EEXIST`: others keep the lock; or as `action` and as `writeFileSync` do
 */
export function underLock<T>(lock: string, action: () => T): T {
  take(lock)
  try {
    return action()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): void {
  const deadline = performance.now() + WAIT_MS
  for (;;) {
    try {
      // Only one process can create it.
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx' })
      return
    } catch (error) {
      const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
      if (!isThere || performance.now() > deadline) throw error
    }
    const madeMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
    if (madeMs !== undefined && Date.now() - madeMs > STALE_MS) rmSync(lock, { force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
  }
}
