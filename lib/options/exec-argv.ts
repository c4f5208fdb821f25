/** Arguments of `node` that say what to run; with these a worker would not run its own program. */
const WITH_VALUE = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type'])
/** Those that are for one process: its program, its debugger's port, its test runner, its watcher. */
const OWN =
  /^(?:-e|--eval|-p|--print|-pe|-i|--interactive|-c|--check|--input-type|--(?:inspect|test|watch)(?:-[^=]*)?)(?:=|$)/

/** The master's own arguments of `node`, without those that are for the master alone. */
export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < execArgv.length; i++) {
    const argument = execArgv[i] ?? ''
    if (!OWN.test(argument)) kept.push(argument)
    else if (WITH_VALUE.has(argument)) i++
  }
  return kept
}
