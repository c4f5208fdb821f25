import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { allGone, startProcess, startUp, type CliProcess } from '../cli-process.js'
import '../leftovers.js'
import { Crowd, type CrowdOptions, type Damage } from './crowd.js'
import { freePort } from './free-port.js'
import { httpCrowds } from './http-crowds.js'
import { HttpTalker } from './http-talker.js'
import type { Sight, Talker } from './talker.js'

/** An app in test/apps, and how to talk to it. */
export interface App {
  readonly folder: string
  /** The module that `node` runs in that folder, and `up`. */
  readonly main: string
  /** Whether `up` is to find that by the folder's package.json. */
  readonly byPackage?: boolean
  /** Arguments of the app's own. */
  readonly args?: readonly string[]
  /** Arguments of `node` for it, when it runs alone. */
  readonly nodeArgs?: readonly string[]
  /** Arguments of `up` that say the same. */
  readonly upArgs?: readonly string[]
  /** The variable that tells the app its port; PORT by default. */
  readonly portVariable?: string
  /** Further variables; the test may start what the app needs. */
  env?(t: TestContext): Promise<Record<string, string>> | Record<string, string>
  /** Who looks at the app; by default somebody who speaks HTTP. */
  visitor?(port: number): Talker
  /** Who talks to it during reloads; by default `httpCrowds`. */
  crowds?(port: number): readonly CrowdOptions[]
  /** The variable that tells the app a second port. */
  readonly secondPort?: string
}

interface Transport {
  readonly name: string
  /** The arguments of `up` that ask for it. */
  readonly args: readonly string[]
  /** Fields that it may add, change or take away. */
  readonly differs?: RegExp
}

/** Each app is to hold with each of these. */
const TRANSPORTS: readonly Transport[] = [
  { name: 'handoff', args: ['--transport', 'handoff'] },
  // Connection and Keep-Alive are of one hop: RFC 9110, section 7.6.1.
  { name: 'proxy', args: [], differs: /^(connection|keep-alive|via|x-forwarded-.+)$/ }
]
/** Fields that are other ones each time, also without us. */
const CHANGING = /^(date|sec-websocket-key|x-proxy-pid)$/
const RELOADS = 3
/** How long an app may take until it listens, in milliseconds. */
const START_MS = 60_000

/** Shows that an app runs under `up` as it is: it serves, sees its clients, and is reloaded under load. */
export function prove(name: string, app: App): void {
  for (const transport of TRANSPORTS) {
    test(`${name} runs as it is, through ${RELOADS} reloads under load (${transport.name})`, async t => {
      const stage = await prepare(t, app)
      const alone = await seenAlone(t, app, stage, transport)
      const up = startUp(t, ['-n', '2', ...transport.args, ...argsOf(app)], stage)
      try {
        await up.line(/ready after/)
        await up.line(/ready after/)
        assert.deepEqual(await seen(app, stage, transport), alone)
        await reloadUnderLoad(up, app, stage)
        const workers = up.workers()
        up.proc.kill('SIGTERM')
        assert.equal(await up.exited, 0)
        await allGone(workers)
      } catch (error) {
        t.diagnostic(up.lines.slice(-50).join('\n'))
        throw error
      }
    })
  }
}

function argsOf({ upArgs = [], main, byPackage = false, args }: App): string[] {
  return [...upArgs, ...(byPackage ? [] : [main]), ...(args === undefined ? [] : ['--', ...args])]
}

async function reloadUnderLoad(up: CliProcess, app: App, { ports }: Stage): Promise<void> {
  const crowds = ports
    .flatMap(port => app.crowds?.(port) ?? httpCrowds(port))
    .map(options => new Crowd(options))
  let damage: Damage[] = []
  try {
    await Promise.all(crowds.map(crowd => crowd.heard()))
    for (let generation = 2; generation < 2 + RELOADS; generation++) {
      const old = crowds.map(crowd => crowd.pids())
      up.proc.kill('SIGUSR2')
      await up.line(new RegExp(`reloaded .*generation ${generation}`))
      await Promise.all(crowds.map((crowd, i) => crowd.movedOn(old[i] ?? new Set())))
    }
  } finally {
    damage = await Promise.all(crowds.map(crowd => crowd.stop()))
  }
  assert.deepEqual(
    damage,
    crowds.map(({ name }) => ({ crowd: name, failed: [], broken: [] }))
  )
}

interface Stage {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly ports: readonly number[]
}

async function prepare(t: TestContext, app: App): Promise<Stage> {
  const installed = process.env['UP_APPS'] ?? ''
  assert.ok(
    existsSync(join(installed, 'node_modules')),
    'run this by `npm run test:apps`, which installs the apps'
  )
  const variables = [app.portVariable ?? 'PORT', ...(app.secondPort === undefined ? [] : [app.secondPort])]
  const ports = await Promise.all(variables.map(freePort))
  const given = Object.fromEntries(variables.map((name, i) => [name, String(ports[i])]))
  const env = { NODE_ENV: 'production', ...given, ...(await app.env?.(t)) }
  return { cwd: join(installed, app.folder), env, ports }
}

/** What clients see without us. */
async function seenAlone(t: TestContext, app: App, stage: Stage, transport: Transport): Promise<object[]> {
  const args = [...(app.nodeArgs ?? []), app.main, ...(app.args ?? [])]
  const plain = startProcess(t, process.execPath, args, stage)
  try {
    return await seen(app, stage, transport)
  } catch (error) {
    throw new Error(`the app does not serve without up:\n${plain.lines.join('\n')}`, { cause: error })
  } finally {
    plain.proc.kill('SIGTERM')
    await plain.exited
  }
}

async function seen(app: App, { ports }: Stage, { differs }: Transport): Promise<object[]> {
  const sights: object[] = []
  for (const port of ports) sights.push(comparable(await look(app, port), differs))
  return sights
}

/** Asks until there is somebody who answers: apps say in different words that they listen, or do not at all. */
async function look(app: App, port: number): Promise<Sight> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const visitor = app.visitor?.(port) ?? new HttpTalker({ port })
    try {
      return await visitor.look()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(50)
    } finally {
      visitor.close()
    }
  }
}

/** What must be the same with and without us. */
function comparable({ answer, client, localPort }: Sight, differs: RegExp | undefined): object {
  if (localPort !== undefined && 'port' in client) assert.equal(client.port, localPort)
  return {
    answer: answer && { ...answer, headers: without(without(answer.headers, CHANGING), differs) },
    client: {
      ...without(client, /^port$/),
      headers: without(without(client.headers, CHANGING), differs)
    }
  }
}

function without(fields: object, names: RegExp | undefined): object {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names?.test(name)))
}
