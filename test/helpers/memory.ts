import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that live objects take, garbage not included. */
export function heapUsed(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
