import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, fetchOnce, type Answer } from '../helpers/client.js'
import { copyExample, edit } from '../helpers/example.js'
import { Program } from '../helpers/program.js'
import { until } from '../helpers/wait.js'

/** So many people make a migration last a while. */
const MANY = `with recursive n (i) as (select 1 union all select i + 1 from n where i < 200000)
insert into people (name) select 'Somebody Else' from n;`
const FIRST_ID = 200_004

interface Example {
  readonly folder: string
  readonly program: Program
  readonly port: number
}

async function start(t: TestContext): Promise<Example> {
  const folder = copyExample(t, 'migration')
  edit(folder, 'releases/1/up.sql', ') strict;', `) strict;\n${MANY}`)
  const program = Program.start(t, ['server.js'], { cwd: folder })
  const port = await program.port()
  assert.equal((await fetchOnce(port, '/200001')).body, 'Ada Lovelace\n')
  return { folder, program, port }
}

/** What an operator does: `curl --unix-socket data/admin.sock -d 2 http://admin/`. */
function deploy({ folder }: Example, release: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socketPath = join(folder, 'data/admin.sock')
    const req = request({ socketPath, method: 'POST', agent: false }, res => {
      text(res).then(body => resolve({ status: res.statusCode ?? 0, body }), reject)
    })
    req.on('error', reject).end(release)
  })
}

function migrate(folder: string, ...args: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, ['migrate.js', ...args], { cwd: folder, encoding: 'utf8' })
}

/** Clients that add people, and ask for those that they have added, until they are stopped. */
class Visitors {
  readonly failed: string[] = []
  /** Names by id. */
  readonly people = new Map<number, string>()
  answered = 0
  #stopped = false
  readonly #running: Promise<unknown>

  constructor(port: number) {
    this.#running = Promise.all(Array.from({ length: 8 }, (_, i) => this.#visit(new Client(port), i)))
  }

  async more(count: number): Promise<void> {
    const enough = this.answered + count
    await until(() => this.answered >= enough, 60_000)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #visit(client: Client, number: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const name = `Visitor${i} Of${number}`
      try {
        const added = await client.post('/', name)
        const id = Number(added.body)
        if (added.status !== 201 || this.people.has(id)) this.#note('POST', added)
        this.people.set(id, name)
        const found = await client.get(`/${id}`)
        if (![`${name}\n`, `${reversed(name)}\n`].includes(found.body)) this.#note('GET', found)
      } catch (error) {
        this.failed.push(String(error))
      }
      this.answered += 2
      await delay(2)
    }
    client.close()
  }

  #note(method: string, { status, body }: Answer): void {
    this.failed.push(`${method}: ${status} ${body}`)
  }
}

function reversed(name: string): string {
  return name.split(' ').reverse().join(', ')
}

/** All that the visitors were told was added is there, once, in the form that this release gives it. */
async function assertAllThere({ port }: Example, { people }: Visitors, form: (name: string) => string) {
  const client = new Client(port)
  try {
    for (const [id, name] of people) assert.equal((await client.get(`/${id}`)).body, `${form(name)}\n`)
    // Nothing that was repeated has left a row of its own.
    assert.equal(Math.max(...people.keys()), FIRST_ID + people.size - 1)
    assert.equal((await client.get(`/${FIRST_ID + people.size}`)).status, 404)
  } finally {
    client.close()
  }
}

test('migration: requests wait while the table is rebuilt, none fails, and no row is lost', async t => {
  const example = await start(t)
  const visitors = new Visitors(example.port)
  await visitors.more(100)
  const { status, body } = await deploy(example, '2')
  assert.equal(status, 200, body)
  assert.match(body, /^release 2 serves; a request waited [1-9]\d* ms at most\n$/)
  assert.equal((await fetchOnce(example.port, '/200001')).body, 'Lovelace, Ada\n')
  assert.equal((await fetchOnce(example.port, '/200003')).body, 'Turing, Alan Mathison\n')
  await visitors.more(100)
  await visitors.stop()
  assert.deepEqual(visitors.failed, [])
  await assertAllThere(example, visitors, reversed)
  assert.deepEqual(await example.program.stop(), { code: 0, left: [] })
})

test('migration: the old code could not have served with the new table', async t => {
  const { folder, program, port } = await start(t)
  assert.equal(migrate(folder, '2', 'up').status, 0)
  const asked = await fetchOnce(port, '/200001')
  assert.deepEqual([asked.status, asked.body], [500, 'no such column: name\n'])
  const added = await fetchOnce(port, '/', { method: 'POST', body: 'Kurt Gödel' })
  assert.deepEqual([added.status, added.body], [500, 'table people has no column named name\n'])
  const again = migrate(folder, '2', 'up')
  assert.deepEqual(
    [again.status, again.stderr.includes('migration 2 up: the database is at 2, expected 1')],
    [1, true]
  )
  assert.equal(migrate(folder, '2', 'down').status, 0)
  assert.equal((await fetchOnce(port, '/200001')).body, 'Ada Lovelace\n')
  await program.stop()
})

test('migration: one that fails leaves the old release serving, and the table as it was', async t => {
  const example = await start(t)
  // A name without a last name is what the new table does not take.
  await fetchOnce(example.port, '/', { method: 'POST', body: '' })
  const visitors = new Visitors(example.port)
  visitors.people.set(FIRST_ID, '')
  await visitors.more(100)
  const { status, body } = await deploy(example, '2')
  assert.equal(status, 500)
  assert.match(body, /migration 2 up: CHECK constraint failed: last <> ''/)
  await visitors.more(100)
  await visitors.stop()
  assert.deepEqual(visitors.failed, [])
  await assertAllThere(example, visitors, name => name)
  await example.program.stop()
})

test('migration: where the new code does not start, the table is put back', async t => {
  const example = await start(t)
  edit(example.folder, 'releases/2/app.js', 'const db =', "throw new Error('not today')\nconst db =")
  const visitors = new Visitors(example.port)
  await visitors.more(100)
  const { status, body } = await deploy(example, '2')
  assert.equal(status, 500)
  assert.match(body, /not today/)
  await visitors.more(100)
  await visitors.stop()
  assert.deepEqual(visitors.failed, [])
  await assertAllThere(example, visitors, name => name)
  await example.program.stop()
})

test("migration: without better-sqlite3 Node's own SQLite is used; without both the error names them", t => {
  const folder = copyExample(t, 'migration')
  rmSync(join(folder, '../node_modules/better-sqlite3'))
  const { status, stderr } = migrate(folder, '1', 'up')
  if (isBuiltin('node:sqlite')) return assert.equal(status, 0, stderr)
  assert.equal(status, 1)
  assert.match(stderr, /no SQLite can be loaded. better-sqlite3: .*; node:sqlite: .*Node 22\.13 or later/)
})
