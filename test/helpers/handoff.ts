import assert from 'node:assert/strict'
import type { UpOptions } from '#lib/options/options.js'
import type { UpServer } from '#lib/server/up-server.js'
import type { FromSharing } from '#lib/worker/handoff-messages.js'
import type { Worker } from '#lib/worker/worker.js'
import { fixture, serve, type Running } from './app.js'
import { rawClient, type RawPeer, type Scope } from './raw.js'
import { events, message, until, within } from './wait.js'

/** Serves a module, by default the app of the fixtures, whose workers take the clients' connections. */
export function serveHandoff(t: Scope, options: UpOptions = {}, file = fixture('app.mjs')): Promise<Running> {
  return serve(t, file, { transport: 'handoff', ...options })
}

/** A client of one connection, which is never made anew. */
export class Guest {
  readonly peer: RawPeer

  constructor(t: Scope, port: number) {
    this.peer = rawClient(t, { port, host: '127.0.0.1' })
  }

  /** Sends a GET, and waits for the body of its answer. */
  ask(path = '/pid'): Promise<string> {
    this.peer.send(get(path))
    return this.answer()
  }

  /** The body of the next answer, whose length is told by Content-Length. */
  async answer(): Promise<string> {
    const head = await this.peer.takeHead()
    assert.match(head, /^HTTP\/1\.1 200 /)
    return this.peer.takeBytes(Number(/^content-length: *(\d+)/im.exec(head)?.[1]))
  }

  assertUntouched(): void {
    const { closed, ended, text } = this.peer
    assert.deepEqual({ closed, ended, text }, { closed: false, ended: false, text: '' })
  }
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: up\r\n\r\n`
}

/** So many connections, each of which has had an answer. */
export async function usedGuests(t: Scope, port: number, count: number): Promise<Guest[]> {
  const guests = Array.from({ length: count }, () => new Guest(t, port))
  await Promise.all(guests.map(guest => guest.ask()))
  return guests
}

/** A guest whose request for `/wait` the only worker has, and which it answers when that is asked for. */
export async function busyGuest(
  t: Scope,
  { srv, port }: Running,
  guest = new Guest(t, port)
): Promise<{ guest: Guest; answer: () => Promise<string> }> {
  const [worker, ...others] = srv.workers
  assert.ok(worker !== undefined && others.length === 0)
  const waiting = message(worker, 'waiting')
  guest.peer.send(get('/wait'))
  await waiting
  const answer = (): Promise<string> => {
    worker.proc.kill('SIGUSR2')
    return guest.answer()
  }
  return { guest, answer }
}

/** The first guests of a server: such that have had an answer, and such that have not spoken yet. All are with workers. */
export async function firstGuests(
  t: Scope,
  { srv, port }: Running,
  count: number
): Promise<{ used: Guest[]; silent: Guest[] }> {
  const used = await usedGuests(t, port, count)
  const silent = Array.from({ length: count }, () => new Guest(t, port))
  await until(() => connectionsOf(srv) === 2 * count)
  return { used, silent }
}

/** How many connections the workers have, by their last reports. */
export function connectionsOf(srv: UpServer): number {
  return srv.status().workers.reduce((sum, { connections }) => sum + connections, 0)
}

/** Reloads, and waits until the old workers are gone, with all that they had. */
export async function reloadAndLeave(srv: UpServer): Promise<void> {
  const gone = events(srv, 'terminate', srv.workers.length)
  await within(srv.reload(), 'the reload')
  await gone
}

/** Counts what the workers say of connections, from now on; those that come later included. */
export function countMessages(srv: UpServer, type: FromSharing['type']): () => number {
  let count = 0
  const listen = (worker: Worker): void => {
    worker.proc.on('message', (message: { type?: unknown }) => {
      if (message.type === type) count++
    })
  }
  for (const worker of srv.workers) listen(worker)
  srv.on('spawn', listen)
  return () => count
}
