import { refusal } from '../distributor/client-errors.js'
import { answerText, type ErrorAnswer } from '../distributor/default-handlers.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { Traffic } from '../distributor/traffic.js'
import { Front } from '../front/front.js'
import type { Backend } from './backend.js'
import type { Dispatcher } from './dispatcher.js'
import type { Health } from './health.js'

interface AttachOptions {
  readonly trust: (address: string) => boolean
  /** Whether plain requests may go this way now. */
  readonly isOpen: () => boolean
  /** What is asked of the server itself. */
  readonly health: Health | undefined
  /** What a client is told of an error: the same as by the Distributor's last handler. */
  readonly answerOf: (error: unknown) => ErrorAnswer
}

/** Lets plain requests go to the backends without becoming objects, while there is no middleware. */
export function attachFront<B extends Backend>(
  server: ProxiedServer,
  dispatcher: Dispatcher<B>,
  traffic: Traffic,
  { trust, isOpen, health, answerOf }: AttachOptions
): Front | undefined {
  return Front.attach(server, {
    trust,
    isOpen,
    isOwn: ({ method, line }) => health?.isAsked(line, method.length + 1) === true,
    isClosing: () => traffic.closing,
    onRequest(connection) {
      traffic.beginPlain()
      dispatcher.serveNow(connection)
    },
    onDone: () => traffic.endPlain(),
    failureAnswer: (error, persistence, method) => answerText(answerOf(error), persistence, method),
    refusal
  })
}
