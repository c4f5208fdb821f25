import { closeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { isatty } from 'node:tty'
import pico from 'picocolors'
import type { JsonLog, Level } from '../logs/json-log.js'

type Colours = ReturnType<typeof pico.createColors>

/** Writes lines for people, or as JSON for logs. Programs use events and `status()` instead. */
export class Output {
  readonly #stream: Writable
  readonly #colours: Colours
  readonly #json: JsonLog | undefined

  /** @param json where its lines go instead, if they are to be JSON */
  constructor(stream: Writable, coloured: boolean, json?: JsonLog) {
    this.#stream = stream
    this.#json = json
    this.#colours = pico.createColors(coloured)
  }

  info(text: string): void {
    this.#line('info', text)
  }

  /** Something that was wanted is done. */
  good(text: string): void {
    this.#line('info', text, this.#colours.green)
  }

  /** Something to know, that needs nobody's action. */
  warn(text: string): void {
    this.#line('warn', text, this.#colours.yellow)
  }

  /** Something failed; further lines of the text are kept. */
  error(text: string): void {
    this.#line('error', text, this.#colours.red)
  }

  #line(level: Level, text: string, paint = (first: string): string => first): void {
    if (this.#json !== undefined) return this.#json.write(level, text)
    const [first = '', ...more] = text.split('\n')
    this.#stream.write(`${this.#colours.dim('up:')} ${[paint(first), ...more].join('\n')}\n`)
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
