import { STATUS_CODES } from 'node:http'
import { refusal } from '../distributor/client-errors.js'
import { errorAnswer } from '../distributor/default-handlers.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { Traffic } from '../distributor/traffic.js'
import type { UpError } from '../errors.js'
import { Front } from '../front/front.js'
import type { Dispatcher } from './dispatcher.js'

/** Lets plain requests go to the workers without becoming objects, while there is no middleware. */
export function attachFront(
  server: ProxiedServer,
  dispatcher: Dispatcher,
  traffic: Traffic,
  trust: (address: string) => boolean,
  isOpen: () => boolean
): Front | undefined {
  return Front.attach(server, {
    trust,
    isOpen,
    isClosing: () => traffic.closing,
    onRequest(connection) {
      traffic.beginPlain()
      dispatcher.serveNow(connection)
    },
    onDone: () => traffic.endPlain(),
    failureAnswer,
    refusal
  })
}

/** The same answer as the Distributor's default handler gives. */
function failureAnswer(error: UpError, persistence: string, method: string): string {
  const { status, fields, body } = errorAnswer(error)
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (const [name, value] of Object.entries(fields)) text += `${name}: ${value}\r\n`
  text += `Date: ${new Date().toUTCString()}\r\n${persistence}\r\n`
  return method === 'HEAD' ? text : text + Buffer.from(body).toString('latin1')
}
