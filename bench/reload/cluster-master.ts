// The comparison: a rolling reload by node:cluster, as a careful user writes it.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { readSetup, serveBench } from './serve-bench.js'

const { workers: numWorkers, graceMs } = readSetup()
// Said, since the environment may say something else.
cluster.schedulingPolicy = cluster.SCHED_RR
cluster.setupPrimary({ exec: fileURLToPath(new URL('./cluster-worker.js', import.meta.url)), args: [] })

const alive = new Set<Worker>()
cluster.on('fork', worker => alive.add(worker)).on('exit', worker => alive.delete(worker))

let port = 0
let current: Worker[] = []
for (let i = 0; i < numWorkers; i++) current.push(await start())

serveBench({ port, numWorkers, countWorkers: () => alive.size, reload, stop })

/**
 * A new worker for each old one, one at a time. Once the new one listens, the old one stops accepting, closes its
 * idle connections, and leaves when the others have had their answer; or is told to after a while.
 */
async function reload(): Promise<void> {
  const old = current
  current = []
  for (const worker of old) {
    current.push(await start())
    worker.disconnect()
    const timer = setTimeout(() => worker.process.kill(), graceMs)
    worker.once('exit', () => clearTimeout(timer))
  }
}

async function start(): Promise<Worker> {
  const worker = cluster.fork()
  const [address] = (await once(worker, 'listening')) as [AddressInfo]
  port = address.port
  return worker
}

async function stop(): Promise<void> {
  await Promise.all(
    [...alive].map(async worker => {
      worker.process.kill('SIGKILL')
      await once(worker, 'exit')
    })
  )
}
