import type { Setup } from './protocol.js'

export interface Candidate {
  /** In tables; the version stands behind it. */
  readonly label: string
  /** Its program, in the folder candidates. */
  readonly program: string
  readonly setup?: Omit<Setup, 'sockets'>
}

export const CANDIDATES = {
  up: { label: 'up', program: 'up' },
  'up-plain': { label: 'up, fastPath false', program: 'up', setup: { fastPath: false } },
  'up-middleware': { label: 'up, 5 middlewares', program: 'up', setup: { middlewares: 5 } },
  'up-metrics': { label: 'up, metrics read each second', program: 'up-metrics' },
  'up-access-json': { label: 'up, access log (json)', program: 'up', setup: { accessLog: 'json' } },
  'up-access-combined': {
    label: 'up, access log (combined)',
    program: 'up',
    setup: { accessLog: 'combined' }
  },
  'up-handoff': { label: 'up, handoff', program: 'up', setup: { transport: 'handoff' } },
  nginx: { label: 'nginx', program: 'nginx' },
  'nginx-access': {
    label: 'nginx, access log (combined)',
    program: 'nginx',
    setup: { accessLog: 'combined' }
  },
  haproxy: { label: 'HAProxy', program: 'haproxy' },
  undici: { label: 'undici dispatch', program: 'undici' },
  'http-proxy': { label: 'http-proxy', program: 'http-proxy' },
  httpxy: { label: 'httpxy', program: 'httpxy' },
  cluster: { label: 'node:cluster, no proxy', program: 'cluster' },
  'cluster-none': {
    label: 'node:cluster, SCHED_NONE',
    program: 'cluster',
    setup: { schedulingPolicy: 'none' }
  },
  bare: { label: 'the app alone', program: 'bare' }
} as const satisfies Record<string, Candidate>

export type CandidateName = keyof typeof CANDIDATES

export const CANDIDATE_NAMES = Object.keys(CANDIDATES) as readonly CandidateName[]
