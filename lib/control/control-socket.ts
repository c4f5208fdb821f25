import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { UpError } from '../errors.js'
import { knock } from '../instances/instances.js'

/** For the user alone, from the first moment on. */
const PRIVATE = 0o177

/** The control API on a UNIX socket. */
export class ControlSocket {
  readonly path: string
  readonly #server: Server

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
  }

  /**
   * Listens at a path; what is left there of a program that died is removed.
   *
   * @returns undefined: a program that lives listens there
   * @throws {UpError} `UP_ERR_CONTROL`: it can't listen there
   */
  static async open(path: string, listener: RequestListener): Promise<ControlSocket | undefined> {
    const server = createServer(listener)
    try {
      if (!(await listen(server, path))) {
        if (!lstatSync(path).isSocket()) throw new Error('a file that is no socket is there')
        if ((await knock(path)) !== 'dead') return undefined
        rmSync(path, { force: true })
        if (!(await listen(server, path))) return undefined
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new UpError('UP_ERR_CONTROL', `the control socket ${path} can't be opened: ${why}`, { cause })
    }
    server.on('error', () => {})
    // The program ends without asking who still listens.
    server.unref()
    return new ControlSocket(path, server)
  }

  /** Ends it, and whatever is connected. */
  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** @returns false: something is there */
async function listen(server: Server, path: string): Promise<boolean> {
  const before = process.umask(PRIVATE)
  // node:net binds a path in this tick.
  server.listen(path)
  process.umask(before)
  try {
    await once(server, 'listening')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
}
