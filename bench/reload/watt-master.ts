// Watt, installed for this run. Its runtime runs in this process, and its workers are threads of it; what is called
// is what the command `wattpm restart` calls.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort } from '../common/free-port.js'
import { install, type Installed } from '../common/install.js'
import { BACKLOG } from './app-server.js'
import { readSetup, serveBench, tellUnavailable } from './serve-bench.js'

/** What is used of Watt. */
interface Runtime {
  start(): Promise<string>
  restart(): Promise<void>
  close(): Promise<void>
  on(event: string, listener: () => void): void
}
type Create = (
  folder: string,
  configuration: undefined,
  context: { isProduction: boolean }
) => Promise<Runtime>

/** What version 3 needs. */
const [MAJOR, MINOR] = [22, 19]

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < MAJOR || (major === MAJOR && minor < MINOR)) {
  tellUnavailable(`Watt 3 needs Node ${MAJOR}.${MINOR}, and this is ${process.version}`)
} else {
  const installed = await install(['wattpm@3', '@platformatic/node@3'])
  if (typeof installed === 'string') tellUnavailable(installed)
  else await serve(installed)
}

async function serve({ folder, require, versionOf }: Installed): Promise<void> {
  const { workers, graceMs } = readSetup()
  const port = await freePort()
  const app = join(folder, 'app')
  mkdirSync(app)
  const version = versionOf('@platformatic/node')
  const configuration = {
    $schema: `https://schemas.platformatic.dev/@platformatic/node/${version}.json`,
    node: { main: 'app.js' },
    runtime: {
      server: { hostname: '127.0.0.1', port, backlog: BACKLOG },
      workers: { static: workers },
      gracefulShutdown: { application: graceMs },
      logger: { level: 'error' }
    }
  }
  writeFileSync(join(app, 'watt.json'), JSON.stringify(configuration))
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'bench', type: 'module' }))
  const program = new URL('./watt-app.js', import.meta.url).href
  writeFileSync(join(app, 'app.js'), `export * from ${JSON.stringify(program)}\n`)

  const { create } = (await import(pathToFileURL(require.resolve('@platformatic/runtime')).href)) as {
    create: Create
  }
  const runtime = await create(app, undefined, { isProduction: true })
  let alive = 0
  runtime.on('application:worker:started', () => alive++)
  runtime.on('application:worker:exited', () => alive--)
  await runtime.start()
  serveBench({
    port,
    version: versionOf('wattpm'),
    numWorkers: workers,
    countWorkers: () => alive,
    reload: () => runtime.restart(),
    stop: () => runtime.close()
  })
}
