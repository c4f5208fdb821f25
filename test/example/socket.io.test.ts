import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { io, type Socket } from 'socket.io-client'
import { ask, copyExample, edit } from '../helpers/example.js'
import { Program } from '../helpers/program.js'
import { until, within } from '../helpers/wait.js'

const RELOADS = 5
const PER_KIND = 3
const KINDS = {
  'polling only': ['polling'],
  'WebSocket only': ['websocket'],
  'polling, then WebSocket': ['polling', 'websocket']
}

/** Somebody who talks without pause, and remembers what became of it. */
class Talker {
  readonly kind: string
  readonly socket: Socket
  /** The workers that heard it, each once in a row. */
  readonly workers: number[] = []
  readonly disconnects: string[] = []
  readonly errors: string[] = []
  heard = 0
  #stopped = false
  #talk: Promise<void> | undefined

  constructor(t: TestContext, port: number, kind: keyof typeof KINDS) {
    this.kind = kind
    this.socket = io(`http://127.0.0.1:${port}`, {
      transports: KINDS[kind],
      withCredentials: true,
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200
    })
    this.socket.on('disconnect', reason => this.disconnects.push(reason))
    this.socket.on('connect_error', error => this.errors.push(error.message))
    t.after(() => this.socket.disconnect())
  }

  start(): void {
    this.#talk = this.#say()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#talk
    this.socket.disconnect()
  }

  async #say(): Promise<void> {
    while (!this.#stopped) {
      // What is said while there is no connection is sent later; what was on its way may be lost.
      const worker: unknown = await this.socket
        .timeout(1000)
        .emitWithAck('say', 'x')
        .catch(() => undefined)
      // All hear what each says: without a pause they would do nothing else.
      await delay(20)
      if (typeof worker !== 'number') continue
      this.heard++
      if (this.workers.at(-1) !== worker) this.workers.push(worker)
    }
  }
}

async function talkers(t: TestContext, port: number): Promise<Talker[]> {
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]
  const all = kinds.flatMap(kind => Array.from({ length: PER_KIND }, () => new Talker(t, port, kind)))
  for (const talker of all) talker.start()
  await everybodyIsHeard(all)
  return all
}

/** Resolves when each has been heard a few times more. */
async function everybodyIsHeard(all: readonly Talker[]): Promise<void> {
  const before = all.map(({ heard }) => heard)
  await until(() => all.every(({ heard }, i) => heard >= (before[i] ?? 0) + 3), 30_000)
}

test('socket.io: five reloads cost no client its session, whatever its transport', async t => {
  const folder = copyExample(t, 'socket.io')
  // Under load, more time than this passes between two polls of the clients here.
  edit(folder, 'master.js', "linger: '5s'", "linger: '20s'")
  // The poll of a client that has left ends with the next ping.
  edit(folder, 'server.js', 'maxHttpBufferSize: 4096', 'pingInterval: 500')
  const program = Program.start(t, ['master.js'], { cwd: folder })
  const port = await program.port()
  await program.waitFor(/(worker \d+ is ready[^]*){4}/)
  assert.match((await ask(port)).body, /<title>Chat<\/title>/)

  const all = await talkers(t, port)
  const firstIds = all.map(({ socket }) => socket.id)
  for (let i = 2; i < 2 + RELOADS; i++) {
    program.signal('SIGUSR2')
    await program.waitFor(new RegExp(`generation ${i} serves`))
    await everybodyIsHeard(all)
  }
  for (const { kind, workers, disconnects, errors } of all)
    assert.deepEqual(
      { kind, moves: workers.length - 1, disconnects, errors },
      { kind, moves: 0, disconnects: [], errors: [] }
    )
  assert.deepEqual(
    all.map(({ socket }) => socket.id),
    firstIds
  )
  for (const { kind, socket } of all)
    assert.equal(socket.io.engine.transport.name, kind === 'polling only' ? 'polling' : 'websocket')

  // What one says everybody hears, at whichever worker, and of whichever generation.
  const late = new Talker(t, port, 'polling only')
  const hears = [...all, late].map(
    ({ socket }) =>
      new Promise<void>(resolve => socket.on('chat', (text: string) => text === 'hello all' && resolve()))
  )
  await within(late.socket.emitWithAck('say', 'hello all'), 'the answer')
  await within(Promise.all(hears), 'the chat')
  assert.ok(all.every(({ workers }) => workers.length === 1))
  await Promise.all([...all, late].map(talker => talker.stop()))
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})

test('socket.io: when the time of their worker is over, all clients connect again, through five reloads', async t => {
  const folder = copyExample(t, 'socket.io')
  edit(folder, 'master.js', "workerTimeout: '1h'", 'workerTimeout: 500')
  const program = Program.start(t, ['master.js'], { cwd: folder })
  const port = await program.port()
  await program.waitFor(/(worker \d+ is ready[^]*){4}/)
  const all = await talkers(t, port)
  for (let i = 2; i < 2 + RELOADS; i++) {
    const old = all.map(({ workers }) => workers.at(-1))
    program.signal('SIGUSR2')
    await program.waitFor(new RegExp(`generation ${i} serves`))
    for (const pid of new Set(old)) await program.waitFor(new RegExp(`worker ${pid} is gone`))
    await everybodyIsHeard(all)
    assert.ok(all.every(({ workers }, n) => workers.at(-1) !== old[n]))
  }
  // Each worker that ended cost each of its clients one connection, and nothing else.
  for (const { kind, workers, disconnects } of all) {
    assert.equal(new Set(workers).size, workers.length, kind)
    assert.ok(disconnects.length <= RELOADS, `${kind}: ${disconnects.join(', ')}`)
  }
  await Promise.all(all.map(talker => talker.stop()))
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})
