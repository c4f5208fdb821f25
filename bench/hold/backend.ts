// A server that nobody here started, as far as the proxy knows. Argument: a BackendSetup as JSON.
import { once } from 'node:events'
import { openSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { BACKLOG, HOST } from '../hop/candidates/serve.js'
import type { BackendSetup, FromBackend } from './protocol.js'

const { place, log, workMs } = JSON.parse(process.argv[2] ?? '') as BackendSetup
// What is written to a file is there when the process is killed.
const file = log === undefined ? undefined : openSync(log, 'a')

const server = createServer(async (req, res) => {
  const id = String(req.headers['x-id'])
  if (file !== undefined) writeSync(file, `${id}\n`)
  let length = 0
  for await (const piece of req) length += (piece as Buffer).length
  if (workMs > 0) await delay(workMs)
  const body = `${id} ${length}`
  res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length }).end(body)
})
server.keepAliveTimeout = 0

const isPort = /^\d+$/.test(place)
// Where the last one was killed, its socket is still there.
if (!isPort) rmSync(place, { force: true })
server.listen(
  isPort ? { port: Number(place), host: HOST, backlog: BACKLOG } : { path: place, backlog: BACKLOG }
)
await once(server, 'listening')
const address = server.address()
const at = typeof address === 'object' && address !== null ? String(address.port) : place
process.once('disconnect', () => process.exit())
process.send?.({ type: 'listening', place: at, pid: process.pid } satisfies FromBackend)
