// The master under test: up, as a program uses it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import up, { OptionError, type UpServer } from 'up-server'
import { BACKLOG, PATIENT } from './app-server.js'
import { readSetup, serveBench, tellUnavailable } from './serve-bench.js'

const { workers: numWorkers, strategy, transport } = readSetup()
const server = createServer(PATIENT)
const srv = start()
if (srv !== undefined) {
  srv.on('fail', error => console.error(error))
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG })
  await once(server, 'listening')
  while (srv.workers.length < srv.numWorkers)
    await new Promise<void>(resolve => srv.once('spawn', () => resolve()))

  serveBench({
    port: (server.address() as AddressInfo).port,
    version: up.version,
    numWorkers,
    countWorkers: () => srv.status().workers.length,
    reload: async () => {
      await srv.reload()
    },
    stop: () => srv.close()
  })
}

/** Undefined if this version of up has no option `transport`, and it was asked for. */
function start(): UpServer | undefined {
  const options = {
    numWorkers,
    ...(strategy === undefined ? {} : { strategy }),
    ...(transport === undefined ? {} : { transport })
  }
  try {
    return up(server, fileURLToPath(new URL('./up-app.js', import.meta.url)), options)
  } catch (error) {
    const isMissing = error instanceof OptionError && error.option === 'option transport'
    if (transport === undefined || !isMissing) throw error
    tellUnavailable('this version of up has no option transport')
    return undefined
  }
}
