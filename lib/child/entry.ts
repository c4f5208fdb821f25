// The program of a worker process: see ARCHITECTURE.md, "A worker".
import { rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { UpError } from '../errors.js'
import { isOurs, type Bind, type FromWorker, type StartMessage, type ToWorker } from '../worker/messages.js'
import { bind, type Bound } from './bind.js'
import { showClients } from './client-address.js'
import { loadModule, loadRequires } from './load-module.js'
import { onReadyCall } from './ready.js'
import { toServable } from './servable.js'

let bound: Bound | undefined

process.on('message', (message: ToWorker) => {
  if (!isOurs(message)) return
  if (message.type === 'up:start') void start(message)
  else if (message.type === 'up:ping') tell({ type: 'up:pong', id: message.id })
  else if (message.type === 'up:close') close()
})

async function start(message: StartMessage): Promise<void> {
  process.once('disconnect', () => leaveWithMaster(message.bind))
  // The app should see the command line that it would have without us.
  process.argv.splice(1, process.argv.length, message.file, ...message.args)
  if (message.title !== undefined) process.title = `${message.title} worker`
  onReadyCall(() => tell({ type: 'up:ready' }))
  showClients(message.clientField)
  try {
    await loadRequires(message.requires, process.cwd())
    bound = await bind(await toServable(await loadModule(message.file), message.file), message.bind)
  } catch (error) {
    if (error instanceof UpError && error.code === 'UP_ERR_EXPORT') return fail(error.code, error.message)
    // Node shows what nobody catches best: with the line that failed, causes, and the app's own hooks.
    throw error
  }
  tell({ type: 'up:bound', port: bound.port, http: bound.http })
  // From here on the server keeps the process alive. Once it is closed, and the app has nothing left
  // to do, the process ends by itself, as it would without us.
  process.channel?.unref()
}

function close(): void {
  bound?.close()
}

/** Tells what is ours to tell, and ends. */
function fail(code: 'UP_ERR_EXPORT', message: string): void {
  process.stderr.write(`${message}\n`)
  process.send?.({ type: 'up:failed', code, message } satisfies FromWorker, () => process.exit(1))
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, () => {})
}

/** The master is gone: nobody can reach this process any more. */
function leaveWithMaster(where: Bind): void {
  if ('socketPath' in where) {
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
