// PM2 in cluster mode, installed for this run. Its God runs in this process, as it does for `pm2-runtime`, so that
// nothing of it outlives the bench; what is called is what the command `pm2 reload` calls.
import cluster from 'node:cluster'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../common/free-port.js'
import { install, type Installed } from '../common/install.js'
import { readSetup, serveBench, tellUnavailable } from './serve-bench.js'

type Callback = (error: unknown) => void

/** What is used of PM2. */
interface Pm2 {
  connect(noDaemon: boolean, callback: Callback): void
  start(options: Readonly<Record<string, unknown>>, callback: Callback): void
  reload(name: string, callback: Callback): void
  delete(name: string, callback: Callback): void
}

const NAME = 'bench'
const LISTEN_MS = 10_000

const installed = await install(['pm2'])
if (typeof installed === 'string') tellUnavailable(installed)
else await serve(installed)

async function serve({ folder, require, versionOf }: Installed): Promise<void> {
  process.env['PM2_HOME'] = join(folder, 'home')
  const pm2 = require('pm2') as Pm2
  const { workers, graceMs } = readSetup()
  const alive = new Set<number>()
  cluster.on('fork', ({ id }) => alive.add(id)).on('exit', ({ id }) => alive.delete(id))
  const port = await freePort()
  await done(callback => pm2.connect(true, callback))
  const options = {
    name: NAME,
    script: fileURLToPath(new URL('./pm2-worker.js', import.meta.url)),
    exec_mode: 'cluster',
    instances: workers,
    wait_ready: true,
    listen_timeout: LISTEN_MS,
    kill_timeout: graceMs,
    env: { PORT: String(port) }
  }
  await done(callback => pm2.start(options, callback))
  serveBench({
    port,
    version: versionOf('pm2'),
    numWorkers: workers,
    countWorkers: () => alive.size,
    reload: () => done(callback => pm2.reload(NAME, callback)),
    stop: () => done(callback => pm2.delete(NAME, callback))
  })
}

function done(call: (callback: Callback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call(error => {
      if (error === null || error === undefined) resolve()
      else reject(error instanceof Error ? error : new Error(JSON.stringify(error)))
    })
  })
}
