// Up, as a program uses it, with its own two workers of the app.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import up, { OptionError, type UpServer } from 'up-server'
import { hopWith, listen, readSetup, tellStarted, tellUnavailable } from './serve.js'

const { middlewares = 0, fastPath } = readSetup()
const server = createServer()
const srv = start()
if (srv !== undefined) {
  for (let i = 0; i < middlewares; i++) srv.use((_req, _res, next) => next())
  const port = await listen(server)
  while (srv.workers.length < srv.numWorkers)
    await new Promise<void>(resolve => srv.once('spawn', () => resolve()))
  const workers = srv.workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  tellStarted({ port, hop: hopWith(workers), workers, version: up.version }, () => srv.close())
}

/** Undefined if this version has no option `fastPath`, and it was asked for. */
function start(): UpServer | undefined {
  const options = { numWorkers: 2, workerTimeout: '1s', ...(fastPath === undefined ? {} : { fastPath }) }
  try {
    const srv = up(server, fileURLToPath(new URL('../app.js', import.meta.url)), options)
    srv.on('fail', error => console.error(error))
    return srv
  } catch (error) {
    if (!(error instanceof OptionError) || !error.message.includes('fastPath')) throw error
    tellUnavailable('this version of up has no option fastPath')
    return undefined
  }
}
