import { suggest } from '../config/suggest.js'
import { APP_FLAGS } from './command.js'
import { variableOf } from './environment.js'
import { PROXY_FLAGS } from './proxy-command.js'

/** Variables of the environment that say nothing to `up`, and are like one that does. */
export function misspelt(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...new Set([...APP_FLAGS, ...PROXY_FLAGS].map(variableOf))]
  return Object.keys(env)
    .filter(name => name.startsWith('UP_') && !known.includes(name))
    .flatMap(name => {
      const meant = suggest(
        name.slice(3),
        known.map(other => other.slice(3))
      )
      return meant === undefined ? [] : [`env ${name} says nothing to up: did you mean UP_${meant}?`]
    })
}
