import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createNetServer, type AddressInfo } from 'node:net'
import type { UpOptions } from '#lib/options/options.js'
import { UpServer } from '#lib/server/up-server.js'
import { fixture } from './app.js'
import type { Scope } from './raw.js'
import { until } from './wait.js'

export interface Listens {
  readonly srv: UpServer
  readonly failures: Error[]
  /** The ports that the master listens on now, in the order in which they were opened. */
  ports(): number[]
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createNetServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Serves an app that calls `listen` itself, in a master that listens nowhere yet. Resolves when all workers are ready. */
export async function serveListening(
  t: Scope,
  options: UpOptions & { readonly kind?: string; readonly places?: readonly (readonly unknown[])[] },
  file = fixture('listens.cjs')
): Promise<Listens> {
  const { kind = 'http', places = [], env, ...rest } = options
  const srv = new UpServer(createServer(), file, {
    numWorkers: 2,
    workerTimeout: '10s',
    execArgv: [],
    listen: { port: 0 },
    env: { KIND: kind, PLACES: JSON.stringify(places), ...env },
    ...rest
  })
  t.after(() => srv.close())
  const failures: Error[] = []
  srv.on('fail', error => failures.push(error))
  await until(() => srv.workers.length === srv.numWorkers || failures.length > 0)
  const ports = (): number[] => srv.status().ports.flatMap(port => ('port' in port ? [port.port] : []))
  return { srv, failures, ports }
}
