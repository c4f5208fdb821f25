import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where the database is, the link to the release that serves, and the socket for commands. */
export const DATA = process.env.DATA ?? join(import.meta.dirname, 'data')

/** What is used of them they have in common: `exec`, `prepare` with `get` and `run`, `close`. */
const DRIVERS = {
  'better-sqlite3': Database => new Database(join(DATA, 'people.db')),
  'node:sqlite': ({ DatabaseSync }) => new DatabaseSync(join(DATA, 'people.db'))
}

/** Opens the database by better-sqlite3; where that cannot be loaded, by Node's own SQLite. */
export async function openDatabase() {
  mkdirSync(DATA, { recursive: true })
  const failures = []
  for (const [name, open] of Object.entries(DRIVERS)) {
    try {
      const { default: driver } = await import(name)
      const db = open(driver)
      // Readers do not wait for a writer; writers wait for each other.
      db.exec('pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = normal')
      return db
    } catch (error) {
      failures.push(`${name}: ${error.message.split('\n', 1)[0]}`)
    }
  }
  throw new Error(`no SQLite can be loaded. ${failures.join('; ')}. Node 22.13 or later has its own.`)
}
