// The program of a worker process: see ARCHITECTURE.md, "A worker".
import { rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { UpError } from '../errors.js'
import type { ServerHandle } from '../handles/server-handle.js'
import { isOurs, type FromWorker, type StartMessage, type ToWorker } from '../worker/messages.js'
import { bind, type Bound } from './bind.js'
import { showClients } from './client-address.js'
import { loadRequires, runMain } from './load-module.js'
import { onReadyCall } from './ready.js'
import { toServable } from './servable.js'
import { Takeover } from './takeover.js'

const takeover = new Takeover(tell)
/** The server that the module exports; those that the app lets listen itself are its own to close. */
let exported: Bound | undefined

process.on('message', (message: ToWorker, handle: unknown) => {
  if (!isOurs(message)) return
  if (message.type === 'up:start') void start(message)
  else if (message.type === 'up:ping') tell({ type: 'up:pong', id: message.id })
  else if (message.type === 'up:close') exported?.close()
  else if (message.type === 'up:retire') void takeover.leave().then(() => tell({ type: 'up:left' }))
  else takeover.onAnswer(message, handle as ServerHandle | undefined)
})

async function start(message: StartMessage): Promise<void> {
  const { file, title, clientField, requires } = message
  process.once('disconnect', leaveWithMaster)
  // The app should see the command line that it would have without us.
  process.argv.splice(1, process.argv.length, file, ...message.args)
  if (title !== undefined) process.title = `${title} worker`
  onReadyCall(() => tell({ type: 'up:ready' }))
  showClients(clientField)
  takeover.install()
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
    const { id, bind: where } = await takeover.askForExported(
      servable.kind === 'listen' ? 'http' : servable.kind
    )
    exported = await bind(servable, where)
    takeover.endExported()
    tell({ type: 'up:bound', id, port: exported.port, http: exported.http })
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

/** Tells what is ours to tell, and ends. */
function fail({ code, message }: UpError): void {
  process.stderr.write(`${message}\n`)
  process.send?.({ type: 'up:failed', code, message } satisfies FromWorker, () => process.exit(1))
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, () => {})
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
