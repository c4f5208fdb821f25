import type { Outcome } from '../proxy/outcome.js'

/** Once more where a pooled connection turned out to be closed: where there is no other upstream to try. */
export async function onceMore(send: () => Promise<Outcome>): Promise<Outcome> {
  const first = await send()
  const again = first.kind === 'failed' && first.retry !== 'never' && first.error.code !== 'UP_ERR_CONNECT'
  return again ? send() : first
}
