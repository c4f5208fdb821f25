import { AdminServer } from '../admin/admin-server.js'
import { handleCalls, refuseCalls } from '../control/handle.js'
import { resolveModule } from '../options/module-path.js'
import { resolveProxyOptions } from '../options/proxy-options.js'
import { resolveOptions } from '../options/resolve-options.js'
import { AppMaster } from './app-master.js'
import { Certificate } from './certificate.js'
import type { Configured } from './configured.js'
import { instanceName } from './instance-name.js'
import { headline } from './format.js'
import { createMasterServer, listen } from './listen.js'
import type { Master, MasterParts } from './master.js'
import type { Logs } from './logs.js'
import type { CliOptions, CliProxyOptions, MasterOptions } from './options.js'
import { PidFile } from './pid-file.js'
import { openControl } from './open-control.js'
import { ProxyMaster } from './proxy-master.js'
import { handleSignals } from './signals.js'

/**
 * Serves the app until it is told to stop, or cannot start.
 *
 * @returns the exit code
 * @throws {UpError} it could not begin to serve; match on `code`
 */
export async function startApp(app: Configured<CliOptions>, logs: Logs): Promise<number> {
  const { options } = app
  const file = resolveModule(options.file, process.cwd())
  resolveOptions(options.up)
  // Without --port the app may know a port of its own: its first worker says. With the handoff, workers listen.
  const listensNow = options.portGiven && options.up.transport !== 'handoff'
  return start(
    options,
    logs,
    { listensNow, name: instanceName(file) },
    parts => new AppMaster(parts, file, app)
  )
}

/**
 * Serves what the upstreams answer until it is told to stop. None of them need be there.
 *
 * @returns the exit code
 * @throws {UpError} it could not begin to serve; match on `code`
 */
export async function startProxy(proxy: Configured<CliProxyOptions>, logs: Logs): Promise<number> {
  const { options } = proxy
  resolveProxyOptions(options.proxy)
  return start(options, logs, { listensNow: true, name: 'proxy' }, parts => new ProxyMaster(parts, proxy))
}

interface Begin {
  /** Whether the server listens before there is anybody to serve. */
  readonly listensNow: boolean
  /** What it is called unless somebody says. */
  readonly name: string
}

/**
 * Checks come first, then the control socket, then the port (unless the app is to say it), then the pid file, then what
 * is served: so whatever fails leaves nothing behind.
 */
async function start(
  options: MasterOptions,
  logs: Logs,
  { listensNow, name }: Begin,
  createMaster: (parts: MasterParts) => Master
): Promise<number> {
  const certificate = options.tls === undefined ? undefined : new Certificate(options.tls)
  const pidFile = options.pidFile === undefined ? undefined : new PidFile(options.pidFile)
  pidFile?.check()

  // Before there is a master there is nothing to reload: what it starts will load what is there by then.
  let reload: (signal: string) => void = () => {}
  let stop: (signal: string) => void = () => process.exit(0)
  handleSignals({ onReload: signal => reload(signal), onStop: signal => stop(signal) })
  process.on('exit', () => pidFile?.release())
  const { port, host } = options
  const tls = certificate?.material
  let answer = refuseCalls
  const control = await openControl(options.control, name, (req, res) => answer(req, res)).catch(
    (error: unknown) => {
      const { control: path, name: given } = options.control
      if (path !== undefined || given !== undefined) throw error
      // Nobody has asked for it, and the app is what all this is for.
      logs.out.warn(headline(error))
      return undefined
    }
  )
  process.on('exit', () => control?.close())
  const admin = options.admin && (await AdminServer.open(options.admin))
  const own = control?.name ?? options.control.name ?? name
  logs.name(own)
  const accessLog = logs.openAccess(own)
  const server = listensNow ? await listen({ port, host, tls }) : createMasterServer(tls)
  pidFile?.acquire()
  const master = createMaster({ server, certificate, logs, accessLog, name: own })
  reload = signal => master.reload(signal)
  stop = signal => master.stop(signal)
  answer = handleCalls(master.steered)
  admin?.show(master.steered)
  if (admin !== undefined) logs.out.good(`the admin page is at ${admin.url}`)
  return master.ended.finally(() => {
    control?.close()
    admin?.close()
    master.steered.history.close()
  })
}
