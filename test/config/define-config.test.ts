import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import type { AppSettings } from '#lib/cli/command.js'
import type { ProxySettings } from '#lib/cli/proxy-command.js'
import { defineConfig, type AppConfig, type ProxyConfig, type UpConfig } from 'up-server'

test('defineConfig gives back what it is given, imported or required', () => {
  const config: UpConfig = { numWorkers: 2, proxy: { upstreams: [2000] } }
  assert.equal(defineConfig(config), config)
  const configure = async ({
    env
  }: {
    env: Readonly<Record<string, string | undefined>>
  }): Promise<UpConfig> => Promise.resolve({ title: env['NAME'] ?? 'shop' })
  assert.equal(defineConfig(configure), configure)
  const required = createRequire(import.meta.url)('up-server') as { defineConfig: typeof defineConfig }
  assert.equal(required.defineConfig(config), config)
})

/** The members of A that B has not; `never`, if it has all. The compiler holds this test. */
type Missing<A, B> = Exclude<keyof A, keyof B | 'config' | 'listen' | 'execArgv' | 'accessLog' | 'output'>

test('What a flag sets a configuration file can set, as far as the types go', () => {
  const ofApp: Missing<AppSettings, AppConfig> extends never ? true : false = true
  const ofProxy: Missing<ProxySettings, ProxyConfig> extends never ? true : false = true
  assert.ok(ofApp && ofProxy)
})
