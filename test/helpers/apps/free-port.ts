import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what the kernel gives to clients, so that none of them can take it meanwhile. */
const FIRST = 20_000
const COUNT = 10_000

/** A port that an app can be told to listen on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    const server = createServer().listen(port)
    try {
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
      return port
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    }
  }
}
