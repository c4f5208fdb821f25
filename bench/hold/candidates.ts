import type { Child } from '../common/child.js'
import type { FromCandidate, Processes, Setup } from '../hop/protocol.js'
import type { Workshop } from '../common/workshop.js'
import type { FromProxy, ProxySetup, ToProxy } from './protocol.js'

export interface Candidate {
  /** In tables; the version stands behind it. */
  readonly label: string
  readonly program: 'proxy' | 'nginx' | 'haproxy'
  /** How the backend listens. */
  readonly by: 'tcp' | 'unix'
  /** Of up: its option of this name. */
  readonly fastPath?: boolean
}

export const CANDIDATES = {
  up: { label: 'up', program: 'proxy', by: 'tcp' },
  'up-unix': { label: 'up, UNIX socket', program: 'proxy', by: 'unix' },
  'up-plain': { label: 'up, fastPath false', program: 'proxy', by: 'tcp', fastPath: false },
  haproxy: { label: 'HAProxy', program: 'haproxy', by: 'tcp' },
  nginx: { label: 'nginx', program: 'nginx', by: 'tcp' }
} as const satisfies Record<string, Candidate>

export type CandidateName = keyof typeof CANDIDATES

export const CANDIDATE_NAMES = Object.keys(CANDIDATES) as readonly CandidateName[]

export interface Started {
  readonly child: Child<ToProxy, FromCandidate | FromProxy>
  readonly running: Processes
}

const START_MS = 30_000

/** Starts up.proxy; with `--expose-gc`, so that garbage need not be counted. */
export async function startProxy(workshop: Workshop, setup: ProxySetup): Promise<Started> {
  const started = await start(workshop, 'proxy', setup, ['--expose-gc'])
  if (typeof started === 'string') throw new Error(started)
  return started
}

/**
 * Resolves with the reason instead, if this candidate is not to be had here.
 *
 * @param log the file in which up notes what it sends
 */
export async function startCandidate(
  workshop: Workshop,
  { program, by, fastPath = true }: Candidate,
  place: string,
  log: string
): Promise<Started | string> {
  if (program === 'proxy')
    return startProxy(workshop, {
      target: by === 'unix' ? `unix:${place}` : `127.0.0.1:${place}`,
      fastPath,
      log
    })
  return start(workshop, program, { sockets: [`127.0.0.1:${place}`] })
}

async function start(
  workshop: Workshop,
  program: Candidate['program'],
  setup: Setup | ProxySetup,
  execArgv: readonly string[] = []
): Promise<Started | string> {
  const file = new URL(`./${program}.js`, import.meta.url)
  const child = workshop.fork<ToProxy, FromCandidate | FromProxy>(file, [JSON.stringify(setup)], execArgv)
  const started = await child.await('started', START_MS)
  if ('running' in started) return { child, running: started.running }
  await workshop.stop(child)
  return started.unavailable
}
