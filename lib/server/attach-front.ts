import { refusal } from '../distributor/client-errors.js'
import { answerText, type ErrorAnswer } from '../distributor/default-handlers.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { Traffic } from '../distributor/traffic.js'
import type { FrontConnection } from '../front/front-connection.js'
import { Front } from '../front/front.js'
import type { PlainRequest } from '../front/plain-request.js'
import { isSaneId, newId } from '../proxy/request-id.js'
import type { AccessWatch } from './access-watch.js'
import type { Backend } from './backend.js'
import type { Dispatcher } from './dispatcher.js'
import type { Health } from './health.js'
import { withId } from './with-id.js'

interface AttachOptions {
  readonly trust: (address: string) => boolean
  /** Whether plain requests may go this way now. */
  readonly isOpen: () => boolean
  /** What is asked of the server itself. */
  readonly health: Health | undefined
  /** Who wants to see the requests. */
  readonly access: AccessWatch | undefined
  /** What a client is told of an error: the same as by the Distributor's last handler. */
  readonly answerOf: (error: unknown) => ErrorAnswer
}

/** Lets plain requests go to the backends without becoming objects, while there is no middleware. */
export function attachFront<B extends Backend>(
  server: ProxiedServer,
  dispatcher: Dispatcher<B>,
  traffic: Traffic,
  { trust, isOpen, health, access, answerOf }: AttachOptions
): Front | undefined {
  const isOwn = ({ method, line, id }: PlainRequest): boolean =>
    health?.isAsked(line, method.length + 1) === true ||
    // The fields of such a request have to change.
    (access !== undefined && id !== undefined && !isSaneId(id))
  return Front.attach(server, {
    trust,
    isOpen,
    isOwn,
    idOf: access === undefined ? undefined : ({ id }) => id ?? newId(),
    isClosing: () => traffic.closing,
    onRequest(connection: FrontConnection) {
      traffic.beginPlain()
      dispatcher.serveNow(access?.plain(connection) ?? connection)
    },
    onDone: () => traffic.endPlain(),
    failureAnswer: (error, persistence, { request, id }) =>
      answerText(withId(answerOf(error), id), persistence, request?.method),
    refusal
  })
}
