import type { LoadedConfig } from '../config/config-file.js'
import { precedence, type Layer } from '../config/precedence.js'
import { OptionError, UpError } from '../errors.js'
import { PROXY_OPTIONS, resolveProxyOptions } from '../options/proxy-options.js'
import { parseUpstreams, type UpstreamTarget } from '../options/upstream.js'
import { checkOptions } from './check-options.js'
import { givenFile, type FileForm } from './file-settings.js'
import { checkNeeds, type AnyFlag } from './flag.js'
import type { CliProxyOptions } from './options.js'
import type { ProxyLine } from './parse.js'
import { Problems } from './problems.js'
import { PROXY_FLAGS, type ProxySettings } from './proxy-command.js'
import type { Surroundings } from './settle-app.js'
import { masterOptions, valuesOf, withPort, type Settled } from './settle-master.js'

const FLAGS = PROXY_FLAGS as readonly AnyFlag[]

/** What a configuration file may say of `up proxy`. */
export const PROXY_FORM: FileForm = { flags: FLAGS, options: PROXY_OPTIONS, others: ['upstreams'] }

/** As `settleApp`, of `up proxy`: of a configuration file the part `proxy` counts. */
export function settleProxy(
  line: ProxyLine,
  { env }: Pick<Surroundings, 'env'>,
  config?: LoadedConfig
): Settled<CliProxyOptions> {
  const problems = new Problems(line.problems)
  const part = config && problems.attempt(() => partOf(config))
  const fromFile = part === undefined ? new Map<never, never>() : givenFile(part, PROXY_FORM, problems)
  const settings = checkNeeds(precedence(line.settings, fromFile), FLAGS, problems)
  const proxy = checkOptions(settings, PROXY_OPTIONS, resolveProxyOptions, problems)
  const upstreams = problems.attempt(() => upstreamsOf(line, settings))
  const all = problems.attempt(() => withPort(settings, env)) ?? settings
  const { title } = valuesOf<ProxySettings>(settings)
  const isRight = problems.list.length === 0 && upstreams !== undefined
  return {
    options: isRight
      ? { upstreams, ...masterOptions(all, env, settings.has('port')), title, proxy }
      : undefined,
    settings: all,
    problems: problems.list
  }
}

/** @throws {OptionError} `UP_ERR_OPTION`: it is no object */
function partOf({ label, values }: LoadedConfig): LoadedConfig | undefined {
  const { proxy } = values
  if (proxy === undefined) return undefined
  if (typeof proxy !== 'object' || proxy === null || Array.isArray(proxy))
    throw new OptionError(`${label}: proxy`, proxy, 'an object with the settings of up proxy')
  return { label, prefix: 'proxy.', values: proxy as Record<string, unknown> }
}

function upstreamsOf({ upstreams }: ProxyLine, settings: Layer): readonly UpstreamTarget[] {
  if (upstreams.length > 0) {
    parseUpstreams('<upstream>', upstreams, () => '<upstream>')
    return upstreams
  }
  const given = settings.get('upstreams')
  if (given === undefined)
    throw new UpError(
      'UP_ERR_USAGE',
      "missing required argument 'upstream', and no configuration file names any"
    )
  parseUpstreams(given.from.name, given.value)
  return given.value as readonly UpstreamTarget[]
}
