import type { TestContext } from 'node:test'

const cleanups = new WeakMap<TestContext, (() => unknown)[]>()

/** Runs at the end of the test, the latest first: a process ends before the folder it works in is removed. */
export function atEnd(t: TestContext, cleanup: () => unknown): void {
  const registered = cleanups.get(t)
  if (registered !== undefined) {
    registered.push(cleanup)
    return
  }
  const list = [cleanup]
  cleanups.set(t, list)
  t.after(async () => {
    for (const run of list.reverse()) await run()
  })
}
