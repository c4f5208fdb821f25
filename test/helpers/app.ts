import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ProxiedServer } from '#lib/distributor/middleware.js'
import type { UpOptions } from '#lib/options/options.js'
import { UpServer } from '#lib/server/up-server.js'
import { temporary } from './leftovers.js'
import type { Scope } from './raw.js'
import { events } from './wait.js'

/** A server with its workers, which ends with the test. */
export interface Running<S extends ProxiedServer = Server> {
  readonly server: S
  readonly srv: UpServer
  readonly port: number
  readonly origin: string
  /** The failures that were told by the event `fail`. */
  readonly failures: Error[]
}

/** The path of a file in test/fixtures. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url))
}

/** Serves a module, and resolves when the server listens; the workers may still be starting. */
export async function launch<S extends ProxiedServer = Server>(
  t: Scope,
  file: string,
  options: UpOptions = {},
  server = createServer() as ProxiedServer as S
): Promise<Running<S>> {
  // The test runner's arguments of node, which newer ones hand on to the test file, are not for workers.
  const srv = new UpServer(server, file, { numWorkers: 2, workerTimeout: '5s', execArgv: [], ...options })
  t.after(() => srv.close())
  const failures: Error[] = []
  srv.on('fail', error => failures.push(error))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, srv, port, origin: `http://127.0.0.1:${port}`, failures }
}

/** Serves a module, and resolves when all workers are ready. */
export async function serve<S extends ProxiedServer = Server>(
  t: Scope,
  file: string,
  options: UpOptions = {},
  server?: S
): Promise<Running<S>> {
  const running = await launch(t, file, options, server)
  const { srv } = running
  if (srv.workers.length < srv.numWorkers) await events(srv, 'spawn', srv.numWorkers - srv.workers.length)
  return running
}

/** Files of an app in a folder of its own, which is removed with the test. */
export interface App {
  readonly folder: string
  /** The path of its module, `app.mjs` unless named otherwise. */
  readonly file: string
  /** Replaces a file of the app; the module without a name. */
  write(text: string, name?: string): void
}

export function writeApp(t: TestContext, text: string, files: Record<string, string> = {}): App {
  const folder = mkdtempSync(join(temporary, 'app-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const app: App = {
    folder,
    file: join(folder, 'app.mjs'),
    write(content, name = 'app.mjs') {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
  }
  for (const [name, content] of Object.entries(files)) app.write(content, name)
  app.write(text)
  return app
}

/** A module that answers every request with this text. */
export function answering(text: string): string {
  return `export default (req, res) => res.end(${JSON.stringify(text)})\n`
}

/** Keeps what is written to our stderr, as workers' output is, until the test ends. */
export function captureStderr(t: TestContext): () => string {
  let text = ''
  t.mock.method(process.stderr, 'write', (chunk: string | Uint8Array) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    return true
  })
  return () => text
}
