import type { Setup } from './protocol.js'

export interface MasterEntry {
  /** In tables; the version may stand behind it. */
  readonly label: string
  /** Its program, in this folder. */
  readonly program: string
  readonly setup?: Pick<Setup, 'strategy' | 'transport'>
}

export const MASTERS = {
  'up-first': { label: "up, 'first'", program: 'up-master', setup: { strategy: 'first' } },
  'up-rolling': { label: "up, 'rolling'", program: 'up-master', setup: { strategy: 'rolling' } },
  'handoff-first': {
    label: "up handoff, 'first'",
    program: 'up-master',
    setup: { strategy: 'first', transport: 'handoff' }
  },
  'handoff-rolling': {
    label: "up handoff, 'rolling'",
    program: 'up-master',
    setup: { strategy: 'rolling', transport: 'handoff' }
  },
  cluster: { label: 'node:cluster', program: 'cluster-master' },
  pm2: { label: 'PM2', program: 'pm2-master' },
  watt: { label: 'Watt', program: 'watt-master' }
} as const satisfies Record<string, MasterEntry>

export type MasterName = keyof typeof MASTERS

export const MASTER_NAMES = Object.keys(MASTERS) as readonly MasterName[]

/** Whether it is up, of which no request and no connection may fail; the others are there for comparison. */
export function isOurs(name: MasterName): boolean {
  return MASTERS[name].program === 'up-master'
}
