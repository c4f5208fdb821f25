// node:cluster with two workers of the app: connections are balanced instead of requests, and nothing forwards.
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { hopWith, readSetup, tellStarted } from './serve.js'

// Said, since the environment may say something else.
cluster.schedulingPolicy = readSetup().schedulingPolicy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR

cluster.setupPrimary({ exec: fileURLToPath(new URL('./cluster-worker.js', import.meta.url)), args: [] })
const workers = [cluster.fork(), cluster.fork()]
const [[address]] = (await Promise.all(workers.map(worker => once(worker, 'listening')))) as [[AddressInfo]]
const pids = workers.flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]))
tellStarted({ port: address.port, hop: hopWith(pids), workers: pids, version: process.version }, () =>
  Promise.all(
    workers.map(async worker => {
      const gone = once(worker, 'exit')
      worker.process.kill('SIGKILL')
      await gone
    })
  )
)
