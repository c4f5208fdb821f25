import { setTimeout as delay } from 'node:timers/promises'
import pico from 'picocolors'
import { fileSink, streamSink, type AccessSink } from '../logs/access-sink.js'
import { accessWriter, type AccessFormat } from '../logs/access-writer.js'
import { JsonLog } from '../logs/json-log.js'
import { logFormatOf } from '../logs/log-format.js'
import { prettyWriter } from '../logs/pretty-writer.js'
import type { AccessLog } from '../options/access-entry.js'
import type { OnOutput } from '../options/output.js'
import type { LogOptions } from './options.js'
import { Output, wantsColour } from './output.js'

type Env = Readonly<Record<string, string | undefined>>
type Streams = Record<'stdout' | 'stderr', NodeJS.WriteStream>

/** How long what is written may take to go out at the end, in milliseconds. */
const FLUSH_MS = 1000

/** What this program writes of what happens: its own lines, those of the workers, and the access log. */
export class Logs {
  /** For its own lines. */
  readonly out: Output
  /** Takes the lines of the workers; undefined: they go out as they come. */
  readonly workers: OnOutput | undefined
  readonly #options: LogOptions
  readonly #streams: Streams
  readonly #env: Env
  readonly #json: readonly JsonLog[]
  #sink: AccessSink | undefined

  constructor(options: LogOptions, streams: Streams, env: Env) {
    this.#options = options
    this.#streams = streams
    this.#env = env
    const formats = {
      stdout: options.format ?? logFormatOf(streams.stdout),
      stderr: options.format ?? logFormatOf(streams.stderr)
    }
    const stdout = new JsonLog(streams.stdout)
    const stderr = new JsonLog(streams.stderr)
    this.#json = [stdout, stderr]
    this.out = new Output(
      streams.stderr,
      this.#coloured('stderr'),
      formats.stderr === 'json' ? stderr : undefined
    )
    if (options.format === 'raw') return
    const writers: Record<'stdout' | 'stderr', OnOutput> = {
      stdout: formats.stdout === 'json' ? line => stdout.worker(line) : this.#pretty('stdout'),
      stderr: formats.stderr === 'json' ? line => stderr.worker(line) : this.#pretty('stderr')
    }
    this.workers = line => writers[line.stream](line)
  }

  /** From now on JSON says whose it is. */
  name(name: string): void {
    for (const json of this.#json) json.name(name)
  }

  /**
   * Begins the access log, if there is to be one.
   *
   * @throws {OptionError} `UP_ERR_OPTION`: its file cannot be written
   */
  openAccess(name: string): AccessLog | undefined {
    const { accessFile, accessFormat } = this.#options
    if (accessFile === undefined) return undefined
    const tell = (trouble: string): void => this.out.error(trouble)
    const isFile = accessFile !== '-'
    const { stdout } = this.#streams
    const sink = isFile ? fileSink(accessFile, tell) : streamSink(stdout, tell)
    this.#sink = sink
    const usual: AccessFormat = !isFile && stdout.isTTY ? 'dev' : 'json'
    const colours = pico.createColors(!isFile && this.#coloured('stdout'))
    const paint = (status: number | null, text: string): string =>
      status === null || status >= 500
        ? colours.red(text)
        : status >= 400
          ? colours.yellow(text)
          : colours.green(text)
    return accessWriter({ format: accessFormat ?? usual, name, paint, write: text => sink.write(text) })
  }

  /** Resolves when all is out, or when nobody reads it any more, within two seconds. */
  async close(): Promise<void> {
    const { stdout, stderr } = this.#streams
    await this.#sink?.close()
    const outs = [stdout, stderr].map(stream => new Promise<void>(done => stream.write('', () => done())))
    const ended = new AbortController()
    const late = delay(FLUSH_MS, undefined, { signal: ended.signal }).catch(() => {})
    await Promise.race([Promise.all(outs), late])
    ended.abort()
  }

  #coloured(stream: 'stdout' | 'stderr'): boolean {
    return wantsColour(this.#streams[stream], this.#env)
  }

  #pretty(stream: 'stdout' | 'stderr'): OnOutput {
    return prettyWriter(this.#streams[stream], this.#coloured(stream))
  }
}
