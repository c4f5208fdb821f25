import { OptionError } from '../errors.js'
import { asStrings } from './checks.js'

/** Arguments of `node` that say what to run, with a value behind them. */
const WITH_VALUE = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type', '--run'])
/** Those with which it runs no program, another one, or one that it watches or tests. */
const NO_PROGRAM =
  /^(?:-|--|-e|--eval|-p|--print|-pe|-i|--interactive|-c|--check|-v|--version|-h|--help|--v8-options|--run|--input-type|--prof-process|--completion-bash|--build-(?:snapshot|sea)(?:-[^=]*)?|--experimental-sea-config|--(?:test|watch)(?:-[^=]*)?)(?:=|$)/
/** Those that concern a debugger: its port is one process's. */
const DEBUGGER = /^--inspect(?:-[^=]*)?(?:=|$)/
/** Those with which a process waits for one. */
const WAITS = /^--inspect-(?:brk|wait)(?:-[^=]*)?(?:=|$)/

/** The master's own arguments of `node`, without those that are for the master alone. */
export function inheritedExecArgv(execArgv: readonly string[] = process.execArgv): string[] {
  const kept: string[] = []
  for (let i = 0; i < execArgv.length; i++) {
    const argument = execArgv[i] ?? ''
    if (!NO_PROGRAM.test(argument) && !DEBUGGER.test(argument)) kept.push(argument)
    else if (WITH_VALUE.has(argument)) i++
  }
  return kept
}

/**
 * Arguments of `node` that were given for the workers. Whether node knows them, it says itself.
 *
 * @param nameOf what an error calls the one with this index
 * @throws {OptionError} `UP_ERR_OPTION`: with one of them a worker would not run its program
 */
export function checkExecArgv(
  option: string,
  value: unknown,
  nameOf = (i: number): string => `${option}[${i}]`
): readonly string[] {
  const list = asStrings(option, value)
  for (const [i, argument] of list.entries()) {
    const expected = NO_PROGRAM.test(argument)
      ? 'an argument with which node runs the app: not -e, -p, -c, --test, --watch or their like'
      : WAITS.test(argument)
        ? 'an argument with which a worker starts by itself: --inspect=0 does not wait for a debugger'
        : isMisplaced(argument, list[i - 1])
          ? 'one argument of node, such as --enable-source-maps; a value behind =, or as the next argument'
          : undefined
    if (expected !== undefined) throw new OptionError(nameOf(i), argument, expected)
  }
  return list
}

/** A word that node would take for the program to run; or two in one, which it would not know. */
function isMisplaced(argument: string, before: string | undefined): boolean {
  if (argument.startsWith('-')) return /^-[\w-]+\s/.test(argument)
  return before === undefined || !/^-[^=]*$/.test(before)
}
