import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { linkSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { dirname, join } from 'node:path'
import { UpError } from '../errors.js'
import { identity, removeSocket, sweep } from '../instances/live-socket.js'

/** For the user alone, from the first moment on. */
const PRIVATE = 0o177
/** So many connections serve some people and their tools; the app's clients are to have the rest. */
const MAX_CONNECTIONS = 256

/** The control API on a UNIX socket. */
export class ControlSocket {
  readonly path: string
  readonly #server: Server
  readonly #identity: string | undefined

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
    this.#identity = identity(path)
  }

  /**
   * Listens at a path; what is left there of a program that died is removed. Of several that begin at once one gets it.
   *
   * @returns undefined: a program that lives listens there
   * @throws {UpError} `UP_ERR_CONTROL`: it can't listen there
   */
  static async open(path: string, listener: RequestListener): Promise<ControlSocket | undefined> {
    const server = createServer(listener)
    server.maxConnections = MAX_CONNECTIONS
    server.on('error', () => {})
    // The program ends without asking who still listens.
    server.unref()
    try {
      // As ssh does for its ControlPath: so what is found at the path listens, and if it refuses, it is dead for good.
      const draft = join(dirname(path), `.${randomBytes(4).toString('base64url').slice(0, 5)}`)
      await listen(server, draft)
      const isOurs = await claim(draft, path).finally(() => rmSync(draft, { force: true }))
      if (isOurs) return new ControlSocket(path, server)
    } catch (cause) {
      server.close()
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new UpError('UP_ERR_CONTROL', `the control socket ${path} can't be opened: ${why}`, { cause })
    }
    server.close()
    return undefined
  }

  /** Ends it, and whatever is connected. */
  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
    try {
      if (this.#identity !== undefined) removeSocket(this.path, this.#identity)
    } catch {
      // The next of this name will, or say what is wrong.
    }
  }
}

async function listen(server: Server, path: string): Promise<void> {
  const before = process.umask(PRIVATE)
  // node:net binds a path in this tick; in a process of node:cluster only what is exclusive.
  server.listen({ path, exclusive: true })
  process.umask(before)
  await once(server, 'listening')
}

/** Gives a socket the path as its name. @returns false: a program that lives has it */
async function claim(draft: string, path: string): Promise<boolean> {
  while (!tryLink(draft, path)) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false)
      throw new Error('a file that is no socket is there')
    if ((await sweep(path)) !== 'dead') return false
  }
  return true
}

/** @returns false: something is there */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
