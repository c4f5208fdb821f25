import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProxyOptions } from '#lib/options/proxy-options.js'
import type { UpstreamTarget } from '#lib/options/upstream.js'
import { ProxyServer } from '#lib/server/proxy-server.js'
import { fixture } from './app.js'
import type { Scope } from './raw.js'
import { exited, within } from './wait.js'

/** A server that runs in a process of its own, as one that somebody else started. */
export interface External {
  readonly proc: ChildProcess
  /** Its port, or the path of its socket. */
  readonly place: string
  /** Sends a message, and resolves when it was taken. */
  tell(message: 'answer' | 'leave' | number): Promise<void>
  /** The next request that waits. */
  waiting(): Promise<void>
  kill(): Promise<void>
}

/**
 * Starts test/fixtures/upstream.mjs.
 *
 * @param place a port, 0 for any free one, or the path of a UNIX socket
 */
export async function startExternal(t: Scope, name: string, place: string | number = 0): Promise<External> {
  const proc = fork(fixture('upstream.mjs'), [name, String(place)], { execArgv: [] })
  const kill = async (): Promise<void> => {
    proc.kill('SIGKILL')
    await exited(proc)
  }
  t.after(kill)
  const [at] = (await within(once(proc, 'message'), `the start of ${name}`)) as [string | number]
  const heard = async (text: string): Promise<void> => {
    for (;;) {
      const [message] = (await once(proc, 'message')) as [unknown]
      if (message === text) return
    }
  }
  return {
    proc,
    place: String(at),
    async tell(message) {
      const done = within(heard('done'), `the message ${message}`)
      proc.send(message)
      await done
    },
    waiting: () => within(heard('waiting'), 'a request that waits'),
    kill
  }
}

export interface Proxying {
  readonly server: Server
  readonly srv: ProxyServer
  readonly port: number
}

/** Puts a proxy in front of upstreams, which ends with the test. */
export async function proxy(
  t: Scope,
  upstreams: readonly UpstreamTarget[],
  options: ProxyOptions = {},
  server = createServer()
): Promise<Proxying> {
  const srv = new ProxyServer(server, upstreams, { closeTimeout: '5s', ...options })
  t.after(() => srv.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, srv, port: (server.address() as AddressInfo).port }
}
