// Up, as a program uses it, with its own two workers of the app.
import { createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileSink } from '#lib/logs/access-sink.js'
import { accessWriter, type AccessFormat } from '#lib/logs/access-writer.js'
import up, { OptionError, type AccessLog, type UpServer } from 'up-server'
import { hopWith, listen, readSetup, tellStarted, tellUnavailable } from './serve.js'

const { middlewares = 0, fastPath, transport, accessLog } = readSetup()
const log = accessLog === undefined ? undefined : openLog(accessLog)
/** Options that not every version of up has. */
const asked = {
  ...(fastPath === undefined ? {} : { fastPath }),
  ...(transport === undefined ? {} : { transport }),
  ...(log === undefined ? {} : { accessLog: log.write })
}

const server = createServer()
const srv = start()
if (srv !== undefined) {
  for (let i = 0; i < middlewares; i++) srv.use((_req, _res, next) => next())
  const port = await listen(server)
  while (srv.workers.length < srv.numWorkers)
    await new Promise<void>(resolve => srv.once('spawn', () => resolve()))
  const workers = srv.workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  tellStarted({ port, hop: hopWith(workers), workers, version: up.version }, async () => {
    await srv.close()
    await log?.close()
  })
}

/** Undefined if this version has not the options that were asked for. */
function start(): UpServer | undefined {
  const options = { numWorkers: 2, workerTimeout: '1s', ...asked }
  try {
    const srv = up(server, fileURLToPath(new URL('../app.js', import.meta.url)), options)
    srv.on('fail', error => console.error(error))
    return srv
  } catch (error) {
    const isAsked = (name: string): boolean =>
      error instanceof OptionError && error.option === `option ${name}`
    if (!Object.keys(asked).some(isAsked)) throw error
    tellUnavailable(`this version of up has no option ${Object.keys(asked).join(', ')}`)
    return undefined
  }
}

/** As the command does it. */
function openLog(format: AccessFormat): { write: AccessLog; close: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'up-bench-'))
  const sink = fileSink(join(folder, 'access.log'), trouble => console.error(trouble))
  const write = accessWriter({
    format,
    name: 'bench',
    paint: (_status, text) => text,
    write: text => sink.write(text)
  })
  const close = async (): Promise<void> => {
    await sink.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { write, close }
}
