/** What a key on the terminal asks for. */
export type KeyCommand = 'reload' | 'interrupt' | 'suspend' | 'quit'

const COMMANDS: Readonly<Record<string, KeyCommand>> = {
  r: 'reload',
  R: 'reload',
  '\x12': 'reload', // Ctrl+R
  '\x03': 'interrupt', // Ctrl+C
  '\x1a': 'suspend', // Ctrl+Z
  '\x1c': 'quit' // Ctrl+\
}

/**
 * Reads what a terminal in raw mode sent. Keys such as arrows arrive as an escape sequence, whose
 * letters are no commands; what was typed together counts once each.
 */
export function decodeKeys(input: string): KeyCommand[] {
  const typed = input.replace(ESCAPE_SEQUENCE, '')
  const commands = [...typed].flatMap(key => COMMANDS[key] ?? [])
  return [...new Set(commands)]
}

// CSI and SS3 sequences (ECMA-48), and Alt with a key; the terminal sends each in one piece.

const ESCAPE_SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?/gs
