// An open load: requests are sent when they are due, however long others wait. Argument: a LoadSetup as JSON.
import { Agent, request, type ClientRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { clock } from './clock.js'
import { echoJob, PeopleJobs } from './jobs.js'
import type { FromLoad, LoadRecord, LoadSetup, ToLoad } from './protocol.js'

/** No request waits longer for its answer. */
const PATIENCE_MS = 60_000

const { port, rate, app } = JSON.parse(process.argv[2] ?? '') as LoadSetup
/** Never repeats a request; each that finds no idle connection gets a new one. */
const agent = new Agent({ keepAlive: true })
const people = new PeopleJobs()
const pending: Promise<LoadRecord>[] = []
let timer: NodeJS.Timeout | undefined
let began = 0

process.once('disconnect', () => process.exit())
process.on('message', ({ type }: ToLoad) => {
  if (type === 'start') {
    began = clock()
    sendDue()
    return tell({ type })
  }
  clearTimeout(timer)
  void Promise.all(pending).then(records => tell({ type, records }))
})

function sendDue(): void {
  while (dueAt(pending.length) <= clock()) pending.push(send(pending.length))
  timer = setTimeout(sendDue, Math.max(0, dueAt(pending.length) - clock()))
}

function dueAt(id: number): number {
  return began + (id * 1000) / rate
}

function send(id: number): Promise<LoadRecord> {
  const { method, path, body, check } = app === 'echo' ? echoJob(id) : people.make(id)
  const headers = { 'X-Id': id, ...(body === undefined ? {} : { 'Content-Length': body.length }) }
  return new Promise(resolve => {
    let sentAt = NaN
    const end = (status: number, failure: string | undefined): void =>
      resolve({ id, method, dueAt: dueAt(id), sentAt, endedAt: clock(), status, failure })
    const req = request({ port, host: '127.0.0.1', method, path, agent, headers, timeout: PATIENCE_MS })
    req
      .on('socket', () => whenConnected(req, () => (sentAt = clock())))
      .on('timeout', () => req.destroy(new Error(`${PATIENCE_MS} ms without an answer`)))
      .on('error', error => end(0, error.message))
      .on('response', res => {
        const { statusCode = 0 } = res
        text(res).then(
          content => end(statusCode, check(statusCode, content)),
          (error: unknown) => end(0, String(error))
        )
      })
      .end(body)
  })
}

function whenConnected({ socket }: ClientRequest, then: () => void): void {
  if (socket?.connecting === true) socket.once('connect', then)
  else then()
}

function tell(message: FromLoad): void {
  process.send?.(message)
}
