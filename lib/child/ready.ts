// Shared by every copy of this package in the process: the app may have installed its own.
const HOOK = Symbol.for('up-server.ready')

type Hooked = { [HOOK]?: () => void }

/** Calls `fn` when the app says that it is ready. */
export function onReadyCall(fn: () => void): void {
  ;(globalThis as Hooked)[HOOK] = fn
}

/**
 * Called in a worker: it can serve now. Wanted where the option `assumeReady` is false; otherwise, and
 * outside a worker, it does nothing.
 */
export function ready(): void {
  ;(globalThis as Hooked)[HOOK]?.()
}
