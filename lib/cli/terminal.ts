import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import { decodeKeys, type KeyCommand } from './keys.js'

/** `process.stdin`, where that is a terminal. */
export type TerminalInput = NodeJS.ReadStream & { readonly fd: 0 }

export interface TerminalHandlers {
  readonly onReload: () => void
  /** Ctrl+C, which a terminal in raw mode does not make a signal. */
  readonly onInterrupt: () => void
  /** The terminal was closed. */
  readonly onHangup: () => void
}

/**
 * Reads keys from the terminal in raw mode, while this process is in its foreground: reading in the
 * background would stop it. Leaves the terminal as it was when closed, or when the process exits.
 */
export class Terminal {
  readonly #input: TerminalInput
  readonly #handlers: TerminalHandlers
  #closed = false
  readonly #restore = (): void => this.#stop()
  readonly #continue = (): void => this.#start()

  constructor(input: TerminalInput, handlers: TerminalHandlers) {
    this.#input = input
    this.#handlers = handlers
    input.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onEnd)
    process.on('exit', this.#restore).on('SIGCONT', this.#continue)
    this.#start()
  }

  /** Whether keys are read now. */
  get isReading(): boolean {
    return this.#input.isRaw
  }

  close(): void {
    this.#closed = true
    this.#stop()
    this.#input.removeListener('data', this.#onData).removeListener('end', this.#onEnd)
    process.removeListener('exit', this.#restore).removeListener('SIGCONT', this.#continue)
  }

  #start(): void {
    if (this.#closed || !isForeground()) {
      this.#input.pause()
      return
    }
    setRaw(this.#input, true)
    this.#input.resume()
  }

  #stop(): void {
    this.#input.pause()
    if (this.#input.isRaw) setRaw(this.#input, false)
  }

  readonly #onData = (piece: Buffer): void => {
    for (const command of decodeKeys(piece.toString('latin1'))) this.#run(command)
  }

  readonly #onEnd = (): void => {
    this.#input.pause()
    // An end of file alone says nothing: `script` sends one when its own input is at its end.
    if (!isatty(this.#input.fd)) this.#handlers.onHangup()
  }

  #run(command: KeyCommand): void {
    switch (command) {
      case 'reload':
        return this.#handlers.onReload()
      case 'interrupt':
        return this.#handlers.onInterrupt()
      case 'suspend':
        this.#stop()
        // As the terminal itself would: to the whole job.
        process.kill(0, 'SIGTSTP')
        // Where no shell could continue a job, the system does not stop it either.
        setTimeout(this.#continue, 100)
        return
      case 'quit':
        this.#stop()
        process.kill(process.pid, 'SIGQUIT')
    }
  }
}

/** Fails where the terminal is gone; there is nothing to set then. */
function setRaw(input: TerminalInput, raw: boolean): void {
  try {
    input.setRawMode(raw)
  } catch {
    // It is gone.
  }
}

/** Whether the terminal's foreground job is ours. Where there is no /proc, it is taken to be. */
function isForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    // Fields 5 and 8 of proc(5), counted behind the name, which may hold anything.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group === foreground
  } catch {
    return true
  }
}
