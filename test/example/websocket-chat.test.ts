import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { ask, copyExample, edit } from '../helpers/example.js'
import { Program } from '../helpers/program.js'

/** Somebody in the chat, who remembers all that was said. */
class Guest {
  readonly #socket: WebSocket
  readonly #heard: string[] = []
  #onMessage = (): void => {}

  static async join(t: TestContext, port: number): Promise<{ guest: Guest; worker: string }> {
    const guest = new Guest(new WebSocket(`ws://127.0.0.1:${port}`))
    t.after(() => guest.#socket.terminate())
    const worker = (await guest.hears(/at worker \d+/)).replace(/\D+/, '')
    return { guest, worker }
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', data => {
      this.#heard.push((data as Buffer).toString())
      this.#onMessage()
    })
  }

  get isThere(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  say(text: string): void {
    this.#socket.send(text)
  }

  async hears(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.#heard.find(text => pattern.test(text))
      if (found !== undefined) return found
      await new Promise<void>(resolve => (this.#onMessage = resolve))
    }
  }

  /** Resolves with the code that the other side closed with. */
  async isSentAway(): Promise<number> {
    const [code] = (await once(this.#socket, 'close')) as [number]
    return code
  }

  leave(): void {
    this.#socket.close()
  }
}

test('websocket-chat: everybody hears everybody, and a reload keeps every chat open', async t => {
  const folder = copyExample(t, 'websocket-chat')
  const program = Program.start(t, ['master.js'], { cwd: folder })
  const port = await program.port()
  await program.waitFor(/(worker \d+ is ready[^]*){2}/)
  assert.match((await ask(port)).body, /<title>Chat<\/title>/)

  const ada = await Guest.join(t, port)
  const bob = await Guest.join(t, port)
  assert.notEqual(ada.worker, bob.worker)
  ada.guest.say('hello Bob')
  await bob.guest.hears(/hello Bob/)

  edit(folder, 'server.js', 'you are at worker', 'welcome at worker')
  program.signal('SIGUSR2')
  await program.waitFor(/generation 2 serves/)
  await program.waitFor(new RegExp(`worker ${ada.worker} retires, with 1 open chats`))

  const eve = await Guest.join(t, port)
  await eve.guest.hears(/welcome at worker/)
  assert.ok(ada.guest.isThere && bob.guest.isThere)
  ada.guest.say('hello Eve')
  await eve.guest.hears(/hello Eve/)
  eve.guest.say('hello all')
  await Promise.all([ada.guest.hears(/hello all/), bob.guest.hears(/hello all/)])

  ada.guest.leave()
  await program.waitFor(new RegExp(`worker ${ada.worker} is gone`))
  bob.guest.leave()
  await program.waitFor(new RegExp(`worker ${bob.worker} is gone`))
  eve.guest.leave()
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})

test('websocket-chat: a worker whose time is over says goodbye to its chats', async t => {
  const folder = copyExample(t, 'websocket-chat')
  edit(folder, 'master.js', "workerTimeout: '1h'", 'workerTimeout: 1')
  const program = Program.start(t, ['master.js'], { cwd: folder })
  const { guest, worker } = await Guest.join(t, await program.port())
  const goodbye = guest.isSentAway()
  program.signal('SIGUSR2')
  assert.equal(await goodbye, 1001)
  await program.waitFor(new RegExp(`worker ${worker} is gone`))
  assert.deepEqual(await program.stop(), { code: 0, left: [] })
})
