/** What a shell can complete. */
export interface Completed {
  readonly commands: readonly CompletedCommand[]
  /** Those of `up [file]`. */
  readonly options: readonly string[]
}

export interface CompletedCommand {
  readonly name: string
  readonly text: string
  /** Whether names of programs that run are among its arguments. */
  readonly takesName: boolean
  /** Whether files are among its arguments, or what its options take. */
  readonly takesFile: boolean
  readonly options: readonly string[]
  /** Its argument is one of these. */
  readonly values: readonly string[]
}

export const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', (words: Completed) => string>> = {
  bash,
  zsh,
  fish
}

function bash({ commands, options }: Completed): string {
  const cases = commands.map(({ name, options: own, values, takesName, takesFile }) => {
    const names = takesName ? '; names=1' : ''
    const nofiles = takesFile ? '' : '; files='
    return `    ${name}) options=${quote(own)}; values=${quote(values)}${names}${nofiles} ;;`
  })
  return `# Completion of up for bash: source it, or put it where bash-completion looks.
_up() {
  local current=\${COMP_WORDS[COMP_CWORD]} options=${quote(options)} values= names= files=1
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    values=${quote(commands.map(({ name }) => name))}
  else case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac fi
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *)
      [ -n "$names" ] && values="$values $("\${COMP_WORDS[0]}" ls --names 2>/dev/null)"
      COMPREPLY=($(compgen -W "$values" -- "$current"))
      # A name of a file may have spaces.
      local IFS=$'\\n'
      [ -n "$files" ] && COMPREPLY+=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _up up
`
}

function zsh({ commands, options }: Completed): string {
  const cases = commands.map(({ name, options: own, values, takesName, takesFile }) => {
    const names = takesName ? ' names=1' : ''
    const nofiles = takesFile ? '' : ' files='
    return `    ${name}) options=(${own.join(' ')}) values=(${values.join(' ')})${names}${nofiles} ;;`
  })
  const described = commands.map(({ name, text }) => `    ${quote([`${name}:${text}`])}`)
  return `#compdef up
# Completion of up for zsh: put it as _up into a folder of $fpath.
_up() {
  local -a commands options values
  local names= files=1
  options=(${options.join(' ')})
  if (( CURRENT == 2 )); then
    commands=(
${described.join('\n')}
    )
    [[ $PREFIX == -* ]] || _describe command commands
  else case $words[2] in
${cases.join('\n')}
  esac; fi
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
    return
  fi
  [[ -n $names ]] && values+=(\${(f)"$($words[1] ls --names 2>/dev/null)"})
  (( $#values )) && compadd -- $values
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _up ]]; then _up "$@"; else compdef _up up; fi
`
}

function fish({ commands, options }: Completed): string {
  const lines = commands.flatMap(({ name, text, options: own, values, takesName, takesFile }) => {
    const is = `-n ${quote([`__up_is ${name}`])}`
    return [
      `complete -c up -n __up_first -a ${name} -d ${quote([text])}`,
      ...own.map(option => `complete -c up ${is} -l ${option.slice(2)}`),
      ...(takesFile ? [] : [`complete -c up ${is} -f`]),
      ...(values.length > 0 ? [`complete -c up ${is} -a ${quote(values)}`] : []),
      ...(takesName ? [`complete -c up ${is} -a '(command up ls --names 2>/dev/null)'`] : [])
    ]
  })
  return `# Completion of up for fish: put it as up.fish into a folder of $fish_complete_path.
function __up_first
  test (count (commandline -opc)) -eq 1
end
function __up_is
  set -l words (commandline -opc)
  test (count $words) -gt 1; and test $words[2] = $argv[1]
end
function __up_file
  set -l words (commandline -opc)
  test (count $words) -lt 2; or not contains -- $words[2] ${commands.map(({ name }) => name).join(' ')}
end
${options.map(option => `complete -c up -n __up_file -l ${option.slice(2)}`).join('\n')}
${lines.join('\n')}
`
}

/** One word of a shell, whatever is in it. */
function quote(words: readonly string[]): string {
  return `'${words.join(' ').replaceAll("'", `'\\''`)}'`
}
