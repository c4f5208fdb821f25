import { shellWords } from './shell-words.js'

/** A command line that runs one module by `node`. */
export interface NodeCommand {
  /** What it sets for this command alone: `PORT=8080 node server.js`. */
  readonly env: Readonly<Record<string, string>>
  readonly nodeArgs: readonly string[]
  /** The module, as it was named. */
  readonly file: string
  readonly args: readonly string[]
}

/** Options of `node` whose value may be the next word; of the others it could only follow a `=`. */
const WITH_VALUE = new Set([
  ...['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions'],
  ...['--env-file', '--env-file-if-exists', '--title', '--disable-warning', '--unhandled-rejections'],
  ...['--dns-result-order', '--icu-data-dir', '--openssl-config', '--redirect-warnings', '--diagnostic-dir'],
  ...['--max-http-header-size', '--inspect-port', '--secure-heap', '--tls-cipher-list', '--use-largepages']
])

/** Reads `[cross-env] [VAR=value ...] node [options] <file> [arguments]`; undefined where it is anything else. */
export function parseNodeCommand(text: string): NodeCommand | undefined {
  const words = shellWords(text) ?? []
  // It does on every system what a shell does on this one.
  if (words[0] === 'cross-env') words.shift()
  const env = takeVariables(words)
  if (words.shift() !== 'node') return undefined
  const nodeArgs = takeOptions(words)
  const [file, ...args] = words
  return file === undefined ? undefined : { env, nodeArgs, file, args }
}

function takeVariables(words: string[]): Record<string, string> {
  const env: Record<string, string> = {}
  for (;;) {
    const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(words[0] ?? '') ?? []
    if (name === undefined || value === undefined) return env
    env[name] = value
    words.shift()
  }
}

function takeOptions(words: string[]): string[] {
  let count = 0
  while (words[count]?.startsWith('-') === true) count += WITH_VALUE.has(words[count] ?? '') ? 2 : 1
  return words.splice(0, count)
}
