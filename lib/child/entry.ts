// The program of a worker process: see ARCHITECTURE.md, "A worker".
import { rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { UpError } from '../errors.js'
import type { RawHandle } from '../handles/raw-handle.js'
import {
  isListenAnswer,
  isOurs,
  type FromWorker,
  type StartMessage,
  type ToWorker
} from '../worker/messages.js'
import { bind, type Bound } from './bind.js'
import { showClients } from './client-address.js'
import { showClientsInCluster } from './cluster-clients.js'
import { loadRequires, runMain } from './load-module.js'
import { onReadyCall } from './ready.js'
import { refusedExport, toServable } from './servable.js'
import { Sharing } from './shared/sharing.js'
import { Takeover } from './takeover.js'
import { followVitals } from './vitals.js'

const sharing = new Sharing(tell)
const takeover = new Takeover(tell, sharing, fail)
/** The server that the module exports, where it is the master's alone; those that the app lets listen itself are its own to close. */
let exported: Bound | undefined

process.on('message', (message: ToWorker, handle: unknown) => {
  if (!isOurs(message)) return
  if (message.type === 'up:start') void start(message)
  else if (message.type === 'up:ping') tell({ type: 'up:pong', id: message.id })
  else if (message.type === 'up:close') close()
  else if (isListenAnswer(message)) takeover.onAnswer(message)
  else sharing.handle(message, handle as RawHandle | undefined)
})

async function start(message: StartMessage): Promise<void> {
  const { file, title, clientField, requires } = message
  process.once('disconnect', leaveWithMaster)
  // The app should see the command line that it would have without us.
  process.argv.splice(1, process.argv.length, file, ...message.args)
  if (title !== undefined) process.title = `${title} worker`
  onReadyCall(() => tell({ type: 'up:ready' }))
  if (clientField !== undefined) {
    showClients(clientField)
    showClientsInCluster(clientField)
  }
  takeover.install()
  followVitals(vitals => tell({ type: 'up:vitals', ...vitals }))
  await loadRequires(requires, process.cwd())
  const value = await runMain(file)
  // Who listens by himself wants nothing else: what he exports is for others.
  if (!takeover.called) await serveExport(value, file)
  takeover.onLoaded()
}

async function serveExport(value: unknown, file: string): Promise<void> {
  const servable = await toServable(value, file).catch(expectListen)
  // To find out may have taken its time.
  if (servable === undefined || takeover.called) return
  try {
    const protocol = servable.kind === 'listen' ? 'http' : servable.kind
    const { id, at } = await takeover.askForExported(protocol).catch((error: unknown) => {
      throw refusedExport(servable, file, error)
    })
    const bound = await bind(servable, 'type' in at ? 'shared' : at)
    if (!('type' in at)) exported = bound
    takeover.endExported()
    tell({ type: 'up:bound', id, port: bound.port, http: bound.http })
  } catch (error) {
    // Node shows what nobody catches best: with the line that failed, causes, and the app's own hooks.
    if (!(error instanceof UpError)) throw error
    fail(error)
  }
}

/** The app may yet call `listen`. Once it has nothing left to do, it will not. */
function expectListen(error: unknown): undefined {
  if (!(error instanceof UpError)) throw error
  process.once('beforeExit', () => {
    if (!takeover.called) fail(error)
  })
}

function close(): void {
  sharing.close()
  exported?.close()
}

/** Tells what is ours to tell, and ends. Of a port that cannot be had the master tells, once for all workers. */
function fail({ code, message }: UpError): void {
  if (code !== 'UP_ERR_LISTEN') process.stderr.write(`${message}\n`)
  process.send?.({ type: 'up:failed', code, message } satisfies FromWorker, () => process.exit(1))
}

function tell(message: FromWorker, onSent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, onSent)
}

/** The master is gone: nobody can reach this process any more. */
function leaveWithMaster(): void {
  for (const where of takeover.binds) {
    if (!('socketPath' in where)) continue
    rmSync(where.socketPath, { force: true })
    try {
      // The last worker takes the folder with it.
      rmdirSync(dirname(where.socketPath))
    } catch {
      // Others are still there.
    }
  }
  process.exit(1)
}
