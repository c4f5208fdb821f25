import { Server as NetServer } from 'node:net'
import { UpError } from '../errors.js'
import type { Bind, FromWorker, ListenAnswer, Protocol, Refusal, ShareAnswer } from '../worker/messages.js'
import { ClusterServers } from './cluster-servers.js'
import type { Sharing } from './shared/sharing.js'
import { protocolOf } from './servers.js'
import { AppListening, type Listen2, type Listen2Args, type ListeningServer } from './app-listening.js'

/** A server at which nobody answers is taken for a look at whether the port is free, for so long; in milliseconds. */
const GLANCE_MS = 1000

interface ServerPrototype {
  listen: (this: NetServer, ...args: unknown[]) => NetServer
  _listen2?: Listen2
}

/** A server that the module exports, while the master is asked where it shall listen. */
interface Exported {
  readonly resolve: (place: Bind | ShareAnswer) => void
  readonly reject: (error: Error) => void
}

/**
 * Has every server of this process listen where the master says, whoever calls `listen` in whichever way: all of
 * these end in `_listen2` of node:net, which keeps that name for whoever wraps it.
 */
export class Takeover {
  readonly #tell: (message: FromWorker) => void
  readonly #sharing: Sharing
  readonly #fail: (error: UpError) => void
  readonly #clusters = new ClusterServers()
  readonly #listenings = new Map<number, AppListening>()
  readonly #exported = new Map<number, Exported>()
  /** Where servers listen for the master alone. */
  readonly #binds: Bind[] = []
  /** Where the exported server is to listen: that is not asked for once more. */
  #exportedAt: Bind | ShareAnswer | undefined
  /** What the master has not answered yet. */
  readonly #waiting = new Set<number>()
  #lastId = 0
  #called = false
  #loaded = false

  /**
   * @param sharing has the servers that accept their clients themselves
   * @param fail ends the process, for want of anybody who cares
   */
  constructor(tell: (message: FromWorker) => void, sharing: Sharing, fail: (error: UpError) => void) {
    this.#tell = tell
    this.#sharing = sharing
    this.#fail = fail
  }

  /** Whether the app has called `listen`. */
  get called(): boolean {
    return this.#called
  }

  get binds(): readonly Bind[] {
    return this.#binds
  }

  install(): void {
    const prototype = NetServer.prototype as unknown as ServerPrototype
    const { listen, _listen2: listen2 } = prototype
    if (listen2 === undefined) return
    const onListen = (): boolean => (this.#called = true)
    const onListen2 = (server: ListeningServer, args: Listen2Args): void => {
      const at = this.#exportedAt
      if (server._handle != null || this.#isExported(args)) listen2.apply(server, [...args])
      else if (at !== undefined && 'type' in at) this.#shareExported(server, args, listen2, at)
      else this.#ask(server, args, listen2)
    }
    prototype.listen = function (...args) {
      const server = listen.apply(this, args)
      onListen()
      return server
    }
    prototype._listen2 = function (...args) {
      onListen2(this, args)
    }
  }

  /** Asks where a server that the module exports shall listen. */
  async askForExported(protocol: Protocol): Promise<{ id: number; at: Bind | ShareAnswer }> {
    const id = ++this.#lastId
    const at = await new Promise<Bind | ShareAnswer>((resolve, reject) => {
      this.#exported.set(id, { resolve, reject })
      this.#wait(id)
      this.#tell({ type: 'up:listen', id, asked: undefined, protocol })
    })
    this.#exportedAt = at
    return { id, at }
  }

  /** The exported server listens. */
  endExported(): void {
    this.#exportedAt = undefined
  }

  onAnswer(answer: ListenAnswer): void {
    const { id } = answer
    const listening = this.#listenings.get(id)
    const exported = this.#exported.get(id)
    this.#stopWaiting(id)
    if (answer.type === 'up:listen-at') this.#binds.push(answer.bind)
    if (listening !== undefined) return this.#proceed(listening, answer)
    // Nobody wants it any more: the server was closed before.
    if (exported === undefined) return
    this.#exported.delete(id)
    if (answer.type === 'up:listen-at') exported.resolve(answer.bind)
    else if (answer.type === 'up:listen-on') exported.resolve(answer)
    else exported.reject(refusalOf(answer.refusal))
  }

  /**
   * The app is loaded: from here on the servers that listen keep the process alive. Once they are closed, and
   * the app has nothing left to do, the process ends by itself, as it would without us.
   */
  onLoaded(): void {
    this.#loaded = true
    this.#refChannel()
  }

  #shareExported(server: ListeningServer, args: Listen2Args, listen2: Listen2, answer: ShareAnswer): void {
    this.#exportedAt = undefined
    const { id } = answer
    const onClose = (): void => this.#tell({ type: 'up:unbound', id })
    new AppListening(server, args, { id, listen2, onClose }).listenOn(this.#sharing, answer)
  }

  #ask(server: ListeningServer, args: Listen2Args, listen2: Listen2): void {
    const id = ++this.#lastId
    const onClose = (): void => {
      this.#listenings.delete(id)
      this.#stopWaiting(id)
      this.#tell({ type: 'up:unbound', id })
    }
    const isClusterHttp = protocolOf(server) === 'net' && this.#clusters.speaksHttp(args[0], args[1])
    const listening = new AppListening(server, args, { id, listen2, onClose, isClusterHttp })
    this.#listenings.set(id, listening)
    this.#wait(id)
    // node:net sets who may connect to a UNIX socket in this tick.
    queueMicrotask(() => {
      const { asked, protocol } = listening
      if (this.#waiting.has(id)) this.#tell({ type: 'up:listen', id, asked, protocol })
    })
  }

  #proceed(listening: AppListening, answer: ListenAnswer): void {
    const { id, isAnswering } = listening
    if (answer.type === 'up:listen-refused') {
      this.#listenings.delete(id)
      listening.refuse(answer.refusal, this.#fail)
    } else if (answer.type === 'up:listen-at') {
      const at = listening.listenAt(answer.bind, answer.shown)
      if (at !== undefined) this.#sayBound(listening, isAnswering, at.port)
    } else {
      listening.listenOn(this.#sharing, answer)
      this.#sayBound(listening, isAnswering, undefined)
    }
  }

  /** Not before the app has heard of it: one that is closed at once was to find out whether the port is free. */
  #sayBound({ id, http }: AppListening, isAnswering: boolean, port: number | undefined): void {
    const say = (): void => {
      if (this.#listenings.has(id)) this.#tell({ type: 'up:bound', id, port, http })
    }
    if (isAnswering) setImmediate(say)
    else setTimeout(say, GLANCE_MS).unref()
  }

  #isExported([address, port]: Listen2Args): boolean {
    const at = this.#exportedAt
    if (at === undefined || 'type' in at) return false
    return 'socketPath' in at ? address === at.socketPath : port === 0 && address === at.host
  }

  #wait(id: number): void {
    this.#waiting.add(id)
    this.#refChannel()
  }

  #stopWaiting(id: number): void {
    this.#waiting.delete(id)
    this.#refChannel()
  }

  #refChannel(): void {
    if (this.#loaded && this.#waiting.size === 0) process.channel?.unref()
    else process.channel?.ref()
  }
}

function refusalOf({ code, message, reason = message }: Refusal): UpError {
  return new UpError(code === 'UP_ERR_EXPORT' ? code : 'UP_ERR_LISTEN', reason)
}
