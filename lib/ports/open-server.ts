import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, type ListenOptions, type Server } from 'node:net'
import type { Asked } from '../worker/messages.js'

/** Connections that may wait to be accepted: Node's own 511 overflow at 1,000 concurrent connects. */
const BACKLOG = 4096
/** libuv's flags, as `listen` knows them. */
const UV_TCP_IPV6ONLY = 1
const UV_READABLE = 1
const UV_WRITABLE = 2

/** Has a server listen where an app asked to. Rejects with what `listen` emits as an error. */
export async function openServer(server: Server, asked: Asked): Promise<void> {
  await replacingStale(asked, async () => {
    server.listen({ ...optionsOf(asked), backlog: BACKLOG })
    await once(server, 'listening')
  })
}

/** Tries again where the file of a UNIX socket is in the way that nobody listens on. */
export async function replacingStale<T>(asked: Asked, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (asked.kind !== 'path' || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (!(await isStale(asked.path))) throw error
    rmSync(asked.path, { force: true })
    return open()
  }
}

function optionsOf(asked: Asked): ListenOptions & { fd?: number } {
  if (asked.kind === 'fd') return { fd: asked.fd }
  if (asked.kind === 'path') {
    const { path, mode } = asked
    return { path, readableAll: (mode & UV_READABLE) !== 0, writableAll: (mode & UV_WRITABLE) !== 0 }
  }
  const { host, port, flags = 0 } = asked
  return { port, ...(host === undefined ? {} : { host }), ipv6Only: (flags & UV_TCP_IPV6ONLY) !== 0 }
}

function isStale(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const client = connect(path)
    client.on('connect', () => {
      client.destroy()
      resolve(false)
    })
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}
