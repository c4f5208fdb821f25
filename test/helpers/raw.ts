import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from '#lib/proxy/address.js'

/** No answer takes so long, whatever the machine is busy with: better a message than a hanging test. */
const DEADLINE_MS = 10_000

/** Something that ends, and what is to be done then: a test, or a suite. */
export interface Scope {
  after(fn: () => unknown): void
}

export type Transport = 'tcp' | 'unix'
export const TRANSPORTS: readonly Transport[] = ['tcp', 'unix']

/** One end of a connection that is written and read by hand, byte by byte. */
export class RawPeer {
  readonly socket: Socket
  /** All that was received and not yet taken, one character per byte. */
  text = ''
  /** Bytes received so far. */
  bytes = 0
  /** The other end has sent its FIN. */
  ended = false
  /** The connection is gone. */
  closed = false
  error: NodeJS.ErrnoException | undefined
  readonly #transport: Socket
  readonly #waits = new Set<() => void>()

  /** @param transport the connection below it, where it is one of TLS */
  constructor(socket: Socket, transport = socket) {
    this.socket = socket
    this.#transport = transport
    socket
      .on('data', (chunk: Buffer) => {
        this.text += chunk.toString('latin1')
        this.bytes += chunk.length
        this.#notify()
      })
      .on('end', () => {
        this.ended = true
        this.#notify()
      })
      .on('error', error => {
        this.error = error
      })
      .on('close', () => {
        this.closed = true
        this.#notify()
      })
  }

  send(data: string | Buffer): this {
    this.socket.write(data, 'latin1')
    return this
  }

  /** Closes this side; the other may still send. */
  end(data?: string): this {
    if (data === undefined) this.socket.end()
    else this.socket.end(data, 'latin1')
    return this
  }

  /** A TCP connection is reset; a UNIX socket is closed at once, which is all it has. */
  reset(): void {
    if (this.#transport.remoteAddress === undefined) this.#transport.destroy()
    else this.#transport.resetAndDestroy()
  }

  /** Waits for what is to come, and returns the text up to its end; what lies behind stays. */
  async take(wanted: string | RegExp): Promise<string> {
    let end = -1
    await this.#until(`${String(wanted)} from the other end`, () => {
      const match = typeof wanted === 'string' ? undefined : wanted.exec(this.text)
      const at = typeof wanted === 'string' ? this.text.indexOf(wanted) : (match?.index ?? -1)
      if (at !== -1) end = at + (typeof wanted === 'string' ? wanted.length : (match?.[0].length ?? 0))
      return end !== -1
    })
    return this.#cut(end)
  }

  /** A message's head with its empty line. */
  takeHead(): Promise<string> {
    return this.take('\r\n\r\n')
  }

  async takeBytes(count: number): Promise<string> {
    await this.#until(`${count} bytes`, () => this.text.length >= count)
    return this.#cut(count)
  }

  /** All that comes until the other end has sent its FIN, or the connection is gone. */
  async takeAll(): Promise<string> {
    await this.#until('the end', () => this.ended || this.closed)
    return this.#cut(this.text.length)
  }

  async whenClosed(): Promise<this> {
    await this.#until('the close of the connection', () => this.closed)
    return this
  }

  #cut(end: number): string {
    const taken = this.text.slice(0, end)
    this.text = this.text.slice(end)
    return taken
  }

  #until(what: string, reached: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (why?: string): void => {
        this.#waits.delete(look)
        clearTimeout(timer)
        if (why === undefined) resolve()
        else reject(new Error(`waited for ${what}, but ${why}; received: ${JSON.stringify(this.text)}`))
      }
      const look = (): void => {
        if (reached()) settle()
        else if (this.closed) settle(`the connection was closed (${this.error?.code ?? 'no error'})`)
      }
      const timer = setTimeout(() => settle('it did not come'), DEADLINE_MS)
      this.#waits.add(look)
      look()
    })
  }

  #notify(): void {
    for (const look of [...this.#waits]) look()
  }
}

/** Sends the same piece many times, and counts what the other end's system has taken. */
export class Pour {
  /** Bytes. */
  taken = 0
  /** Settles when all is taken. */
  readonly done: Promise<void>

  constructor(peer: RawPeer, piece: Buffer, times: number) {
    this.done = this.#send(peer, piece, times)
    this.done.catch(() => {})
  }

  /**
   * Resolves when no more is taken: the other end has stopped reading. No event tells that; on a busy
   * machine it may resolve too early, which makes a test say less, but not fail.
   */
  async stalled(): Promise<void> {
    for (let before = -1; before !== this.taken;) {
      before = this.taken
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  async #send({ socket }: RawPeer, piece: Buffer, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await new Promise<void>((resolve, reject) => {
        socket.write(piece, error => (error == null ? resolve() : reject(error)))
      })
      this.taken += piece.length
    }
  }
}

/** Connections that were made to somebody, which the test answers itself. */
export class RawConnections {
  readonly connections: RawPeer[] = []
  onAdd: ((peer: RawPeer) => void) | undefined
  #untaken: RawPeer[] = []
  #takers: ((peer: RawPeer) => void)[] = []
  #respond: ((head: string, peer: RawPeer) => void) | undefined

  add(socket: Socket): RawPeer {
    const peer = new RawPeer(socket)
    this.connections.push(peer)
    this.onAdd?.(peer)
    void this.#serve(peer)
    const taker = this.#takers.shift()
    if (taker === undefined) this.#untaken.push(peer)
    else taker(peer)
    return peer
  }

  /** Ends all connections, and forgets them, and how they were to be answered. */
  async clear(): Promise<void> {
    const all = this.connections.splice(0)
    this.#untaken = []
    this.#respond = undefined
    for (const { socket } of all) socket.destroy()
    await Promise.all(all.map(peer => peer.whenClosed()))
  }

  /** The next connection that was not accepted yet. */
  accept(): Promise<RawPeer> {
    const peer = this.#untaken.shift()
    if (peer !== undefined) return Promise.resolve(peer)
    return new Promise((resolve, reject) => {
      const take = (accepted: RawPeer): void => {
        clearTimeout(timer)
        resolve(accepted)
      }
      const timer = setTimeout(() => {
        this.#takers = this.#takers.filter(taker => taker !== take)
        reject(new Error('nobody connected'))
      }, DEADLINE_MS)
      this.#takers.push(take)
    })
  }

  /** Answers each request on each later connection by `respond`. */
  answerAll(respond: (head: string, peer: RawPeer) => void): void {
    this.#respond = respond
  }

  async #serve(peer: RawPeer): Promise<void> {
    const respond = this.#respond
    if (respond === undefined) return
    try {
      for (;;) respond(await peer.takeHead(), peer)
    } catch {
      // The connection was closed: there is no further request.
    }
  }
}

/** An upstream, or a server of any kind, whose connections the test answers itself. */
export class RawUpstream extends RawConnections {
  readonly address: Address
  readonly #server: Server

  constructor(server: Server, address: Address) {
    super()
    this.#server = server
    this.address = address
    server.on('connection', socket => this.add(socket))
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const { socket } of this.connections) socket.destroy()
    await closed
  }
}

/** Listens where `transport` says, and tells where that is; `t` closes the server and removes its folder. */
export async function listen(t: Scope, server: Server, transport: Transport = 'tcp'): Promise<Address> {
  if (transport === 'tcp') {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not a TCP server')
    return { port: address.port, host: address.address }
  }
  const folder = await mkdtemp(join(tmpdir(), 'up-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'socket')
  await new Promise<void>(resolve => server.listen(socketPath, resolve))
  return { socketPath }
}

/** An upstream that lives as long as its test. */
export async function rawUpstream(t: Scope, transport: Transport = 'tcp'): Promise<RawUpstream> {
  const server = createServer({ allowHalfOpen: true })
  const upstream = new RawUpstream(server, await listen(t, server, transport))
  t.after(() => upstream.close())
  return upstream
}

/** A client that lives as long as its test. */
export function rawClient(t: Scope, address: Address): RawPeer {
  const target =
    address.socketPath !== undefined
      ? { path: address.socketPath }
      : { port: address.port, host: address.host }
  const socket = connect({ ...target, allowHalfOpen: true, noDelay: true })
  t.after(() => socket.destroy())
  return new RawPeer(socket)
}
