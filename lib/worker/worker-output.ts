import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { OnOutput, OutputLine } from '../options/output.js'
import { LineSplitter } from './line-splitter.js'
import { patientWrite } from './patient-write.js'
import type { FollowedStderr, StderrEcho } from './stderr-echo.js'
import { TextTail } from './text-tail.js'
import { STDERR_TAIL } from './worker-failure.js'

/** A process that a worker started may keep its output open; then we do not wait for its end. */
const END_WAIT_MS = 500

export interface WorkerOutputOptions {
  readonly generation: number
  readonly echo: StderrEcho
  /** undefined: our own stdout and stderr. */
  readonly output: OnOutput | undefined
}

type Write = (piece: Buffer) => Promise<unknown> | undefined

/**
 * What a worker writes to stdout and stderr, on its way out. While that is slow, nothing more is read: it waits in the
 * worker then, and we do not grow.
 */
export class WorkerOutput {
  readonly #proc: ChildProcess
  readonly #stderr = new TextTail(STDERR_TAIL)
  readonly #shown: FollowedStderr

  constructor(proc: ChildProcess, { generation, echo, output }: WorkerOutputOptions) {
    this.#proc = proc
    const { stdout, stderr } = proc
    const writer = (stream: OutputLine['stream']): Write =>
      output === undefined
        ? piece => patientWrite(process[stream], piece)
        : lineWriter(proc[stream], text => output({ pid: proc.pid ?? 0, generation, stream, text }))
    stdout?.on('error', () => {}).on('data', throttled(stdout, writer('stdout')))
    stderr?.on('error', () => {}).on('data', (piece: Buffer) => this.#stderr.push(piece))
    this.#shown = echo.follow(stderr, throttled(stderr, writer('stderr')))
  }

  /** The end of what it wrote to stderr. */
  get stderr(): TextTail {
    return this.#stderr
  }

  /** What it writes to stderr is shown as it comes, from now on. */
  release(): void {
    this.#shown.release()
  }

  /** It failed: see {@link FollowedStderr}. */
  failed(): void {
    this.#shown.failed()
  }

  /** Resolves when all is out of a process that is gone; within half a second. */
  async whenOut(): Promise<void> {
    const streams = [this.#proc.stdout, this.#proc.stderr].filter(stream => stream?.closed === false)
    if (streams.length === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, END_WAIT_MS)
      let open = streams.length
      for (const stream of streams)
        stream?.once('close', () => {
          if (--open > 0) return
          clearTimeout(timer)
          resolve()
        })
    })
  }
}

/** Gives whole lines to a function, which may take its time. */
function lineWriter(stream: Readable | null, give: (text: string) => unknown): Write {
  let waits: Promise<unknown>[] = []
  const lines = new LineSplitter(text => {
    try {
      const wait = give(text)
      if (wait instanceof Promise) waits.push(wait)
    } catch (error) {
      // It is called by an event of a pipe: there is nobody whom it could be thrown at.
      process.emitWarning(`output threw: ${String(error)}`)
    }
  })
  stream?.on('end', () => lines.end())
  return piece => {
    waits = []
    lines.push(piece)
    // It was held until now.
    if (stream?.readableEnded === true) lines.end()
    return waits.length === 0 ? undefined : Promise.all(waits)
  }
}

/** Reads no more of the stream until what was read is written. */
function throttled(stream: Readable | null, write: Write): (piece: Buffer) => void {
  return piece => {
    const wait = write(piece)
    if (wait === undefined) return
    stream?.pause()
    const goOn = (): unknown => stream?.resume()
    wait.then(goOn, goOn)
  }
}
