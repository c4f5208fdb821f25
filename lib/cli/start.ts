import { resolveModule } from '../options/module-path.js'
import { resolveOptions } from '../options/resolve-options.js'
import { Certificate } from './certificate.js'
import { listen } from './listen.js'
import { Master } from './master.js'
import type { CliOptions } from './options.js'
import type { Output } from './output.js'
import { PidFile } from './pid-file.js'
import { handleSignals } from './signals.js'

/**
 * Serves the app until it is told to stop, or cannot start. Checks come first, then the port, then the
 * pid file, then the workers: so whatever fails leaves nothing behind.
 *
 * @returns the exit code
 * @throws {UpError} it could not begin to serve; match on `code`
 */
export async function start(options: CliOptions, out: Output): Promise<number> {
  const file = resolveModule(options.file, process.cwd())
  resolveOptions(options.up)
  const certificate = options.tls === undefined ? undefined : new Certificate(options.tls)
  const pidFile = options.pidFile === undefined ? undefined : new PidFile(options.pidFile)
  pidFile?.check()

  // Before there is a worker there is nothing to reload: it will load what is there by then.
  let reload: (signal: string) => void = () => {}
  let stop: (signal: string) => void = () => process.exit(0)
  handleSignals({ onReload: signal => reload(signal), onStop: signal => stop(signal) })
  process.on('exit', () => pidFile?.release())
  const server = await listen({ port: options.port, host: options.host, tls: certificate?.material })
  pidFile?.acquire()
  const master = new Master(server, file, options, out, certificate)
  reload = signal => master.reload(signal)
  stop = signal => master.stop(signal)
  return master.ended
}
