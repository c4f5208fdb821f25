// Brings the database to a release, or back from it: node migrate.js <release> up|down
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from './database.js'

const [release, direction] = process.argv.slice(2)
const [from, to] = direction === 'up' ? [release - 1, release] : [release, release - 1]

const db = await openDatabase()
try {
  const sql = readFileSync(join(import.meta.dirname, 'releases', release, `${direction}.sql`), 'utf8')
  // All of it, or nothing: what fails, or is killed on the way, leaves the database as it was.
  db.exec('begin immediate')
  const { user_version: version } = db.prepare('pragma user_version').get()
  if (version !== Number(from)) throw new Error(`the database is at ${version}, expected ${from}`)
  db.exec(sql)
  db.exec(`pragma user_version = ${Number(to)}; commit`)
} catch (error) {
  console.error(`migration ${release} ${direction}: ${error.message}`)
  process.exitCode = 1
} finally {
  db.close()
}
