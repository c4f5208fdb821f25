import type { UpOptions } from '#lib/options/options.js'
import type { Transport } from '../../helpers/raw.js'

/** One way from a client to a worker. */
export interface Variant {
  readonly title: string
  /** What stands between them: an UpServer with a process of its own as worker, or a Distributor alone. */
  readonly master: 'up' | 'distributor'
  readonly upstream: Transport
  readonly tls: boolean
  /** Options of the UpServer which make the variant. */
  readonly up: UpOptions
}

const DISTRIBUTOR: readonly Variant[] = (['tcp', 'unix'] as const).map(upstream => ({
  title: `a Distributor, ${upstream}`,
  master: 'distributor',
  upstream,
  tls: false,
  up: {}
}))

/** The whole suite runs in each of these: nobody outside may be able to tell them apart. */
export const VARIANTS: readonly Variant[] = [
  ...DISTRIBUTOR,
  ...[false, true].flatMap(fastPath => [up('tcp', fastPath, false), up('unix', fastPath, false)])
]

/** One with a Distributor, and both paths of an UpServer. */
export const FEW_VARIANTS: readonly Variant[] = VARIANTS.filter(
  ({ master, upstream }) => (master === 'distributor') === (upstream === 'tcp')
)

/** Besides, where TLS at the master may matter. */
export const TLS_VARIANTS: readonly Variant[] = [up('unix', false, true), up('unix', true, true)]

function up(upstream: Transport, fastPath: boolean, tls: boolean): Variant {
  const title = `up, ${upstream}, ${fastPath ? 'fast' : 'ordinary'} path${tls ? ', TLS' : ''}`
  return {
    title,
    master: 'up',
    upstream,
    tls,
    up: { workerBind: upstream === 'tcp' ? 'port' : 'socket', fastPath }
  }
}
