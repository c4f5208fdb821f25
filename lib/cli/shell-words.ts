/** A piece of a word: what stands for itself in a shell, quoted or not. */
const PIECE = String.raw`[^\s'"\\$\`;&|<>()*?[\]{}~#]|'[^']*'|"[^"\\$\`]*"|\\[^\n]`
const SIMPLE = new RegExp(String.raw`^(?:\s|${PIECE})*$`)
const WORDS = new RegExp(`(?:${PIECE})+`, 'g')

/** The words of a command line; undefined where only a shell could tell: variables, pipes, several commands. */
export function shellWords(text: string): string[] | undefined {
  if (!SIMPLE.test(text)) return undefined
  return (text.match(WORDS) ?? []).map(word =>
    word.replace(
      /'([^']*)'|"([^"]*)"|\\(.)/g,
      (_, single?: string, double?: string, escaped?: string) => single ?? double ?? escaped ?? ''
    )
  )
}
