import { closeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { isatty } from 'node:tty'
import pico from 'picocolors'

type Colours = ReturnType<typeof pico.createColors>

/** Writes lines for people. What it prints is not for programs: they use events and `status()`. */
export class Output {
  readonly #stream: Writable
  readonly #colours: Colours

  constructor(stream: Writable, coloured: boolean) {
    this.#stream = stream
    this.#colours = pico.createColors(coloured)
  }

  info(text: string): void {
    this.#line(text)
  }

  /** Something that was wanted is done. */
  good(text: string): void {
    this.#line(this.#colours.green(text))
  }

  /** Something to know, that needs nobody's action. */
  warn(text: string): void {
    this.#line(this.#colours.yellow(text))
  }

  /** Something failed; further lines of the text are kept. */
  error(text: string): void {
    const [first = '', ...more] = text.split('\n')
    this.#line([this.#colours.red(first), ...more].join('\n'))
  }

  #line(text: string): void {
    this.#stream.write(`${this.#colours.dim('up:')} ${text}\n`)
  }
}

/** Whether a stream gets colours: only a terminal that knows them, and not with NO_COLOR (no-color.org). */
export function wantsColour(
  stream: { isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>
): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/** A reader that went away, or a terminal that was closed, must not end the server. */
export function surviveBrokenOutput(): void {
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const terminals = STDIO.filter(fd => isatty(fd))
  process.on('exit', () => {
    // Node aborts at exit if it cannot set back a terminal that it was started on; closed ones it skips.
    for (const fd of terminals) if (!isatty(fd)) closeQuietly(fd)
  })
}

const STDIO = [0, 1, 2]

function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // It is closed already.
  }
}
