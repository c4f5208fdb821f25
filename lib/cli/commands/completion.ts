import { Option } from 'commander'
import { asOneOf } from '../../options/checks.js'
import { APP_FLAGS } from '../command.js'
import { PROXY_FLAGS } from '../proxy-command.js'
import { generalCommand } from './client-command.js'
import { SHELLS, type Completed } from './shells.js'
import { STEERING } from './steering.js'

export const completionCommand = generalCommand<object>(
  {
    name: 'completion',
    text: 'prints what makes a shell complete the words of up',
    first: [{ name: '<shell>', text: 'bash, zsh or fish' }],
    flags: [],
    more: [
      'Put it where the shell finds it:',
      '  bash  up completion bash > ~/.local/share/bash-completion/completions/up',
      '  zsh   up completion zsh > "${fpath[1]}/_up"',
      '  fish  up completion fish > ~/.config/fish/completions/up.fish'
    ].join('\n')
  },
  (_settings, { print }, [shell]) => {
    print(SHELLS[asOneOf('<shell>', shell, ['bash', 'zsh', 'fish'])](words()))
    return Promise.resolve(0)
  }
)

/** What can be completed, from the same lists that the command line is read by. */
function words(): Completed {
  const common = ['--help', '--version']
  return {
    commands: [
      ...STEERING.map(({ name, text, flags, takesName }) => ({
        name,
        text,
        takesName,
        takesFile: false,
        options: [...longNames(flags), ...common],
        values: []
      })),
      {
        name: 'completion',
        text: completionCommand.text,
        takesName: false,
        takesFile: false,
        options: common,
        values: ['bash', 'zsh', 'fish']
      },
      {
        name: 'check',
        text: 'shows each setting and where it comes from, or all that is wrong',
        takesName: false,
        takesFile: true,
        options: [...longNames(APP_FLAGS), '--json', ...common],
        values: []
      },
      {
        name: 'proxy',
        text: 'balances requests over servers that somebody else started',
        takesName: false,
        takesFile: true,
        options: [...longNames(PROXY_FLAGS), ...common],
        values: []
      }
    ],
    options: [...longNames(APP_FLAGS), ...common]
  }
}

function longNames(flags: readonly { readonly flags: string }[]): string[] {
  return flags.flatMap(({ flags: names }) => new Option(names).long ?? [])
}
