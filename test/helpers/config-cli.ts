import assert from 'node:assert/strict'
import type { LoadedConfig } from '#lib/config/config-file.js'
import type { CliOptions, CliProxyOptions } from '#lib/cli/options.js'
import { readAppLine, readProxyLine } from '#lib/cli/parse.js'
import { settleApp } from '#lib/cli/settle-app.js'
import type { Settled } from '#lib/cli/settle-master.js'
import { settleProxy } from '#lib/cli/settle-proxy.js'

/** What is asked for: by a command line, the environment, and a configuration file. */
export interface Asked {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly file?: Readonly<Record<string, unknown>>
}

/** What `up` comes to with that. */
export function settled(asked: Asked): Settled<CliOptions> {
  const { args = ['app.js'], env = {} } = asked
  const line = readAppLine({
    args,
    env,
    version: '1.2.3',
    print: () => assert.fail('nothing was to be printed')
  })
  assert.ok(line)
  return settleApp(line, { env, cwd: '/' }, loaded(asked))
}

/** What `up proxy` comes to with that. */
export function settledProxy(asked: Asked): Settled<CliProxyOptions> {
  const { args = ['2000'], env = {} } = asked
  const line = readProxyLine({
    args,
    env,
    version: '1.2.3',
    print: () => assert.fail('nothing was to be printed')
  })
  assert.ok(line)
  return settleProxy(line, { env }, loaded(asked))
}

/** The messages of all that is wrong. */
export function messagesOf({ problems }: Settled<unknown>): string[] {
  return problems.map(({ message }) => message)
}

function loaded({ file }: Asked): LoadedConfig | undefined {
  return file && { label: 'up.config.js', values: file }
}
