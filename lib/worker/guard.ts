import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'

/**
 * Kept as small as can be: a shell that reads which workers live and, when its input ends with some
 * still there, because the master died, gives them half a second to go by themselves before SIGKILL.
 */
const SCRIPT = `
trap '' HUP INT TERM
pids=' '
while read -r op pid; do
  case $op in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
case $pids in *[0-9]*) sleep 0.5; kill -9 $pids 2>/dev/null ;; esac
rm -f "$1"/*.sock 2>/dev/null
rmdir "$1" 2>/dev/null
`

/**
 * Makes sure that no worker, and no socket file, survives the master, however it dies: also a worker
 * that cannot notice it, because its event loop is blocked or it is stopped.
 */
export class Guard {
  readonly #shell: ChildProcess

  /** @param folder the private folder of the workers' sockets, removed with them; '' if there is none */
  constructor(folder: string) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'up-guard', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A session of its own: a terminal's Ctrl+C is not for it.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' }
    })
    // Without a shell there is no guard: then workers that are not blocked still notice by themselves.
    this.#shell.on('error', () => {}).unref()
    this.#shell.stdin?.on('error', () => {})
    // The pipe of a child process is a socket; it must not keep the master alive.
    if (this.#shell.stdin instanceof Socket) this.#shell.stdin.unref()
  }

  add(pid: number): void {
    this.#tell(`+ ${pid}\n`)
  }

  remove(pid: number): void {
    this.#tell(`- ${pid}\n`)
  }

  /** Ends the guard; resolves when it is gone. */
  async close(): Promise<void> {
    const { pid, exitCode, signalCode, stdin } = this.#shell
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const gone = once(this.#shell, 'exit')
    this.#shell.ref()
    stdin?.end()
    await gone
  }

  #tell(line: string): void {
    if (this.#shell.stdin?.writable === true) this.#shell.stdin.write(line)
  }
}
