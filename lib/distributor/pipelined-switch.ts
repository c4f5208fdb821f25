import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Traffic } from './traffic.js'

/**
 * Calls when the answers to the requests before an upgrade, or a CONNECT, have been sent; at once, most often.
 *
 * node:http lets go of the connection as soon as it has read such a request, and then tells earlier answers on
 * it nothing more.
 */
export function behindAnswers(traffic: Traffic, socket: Duplex, then: () => void): void {
  const due = traffic.answersOn(socket)
  const last = due.at(-1)
  if (last === undefined) return then()
  const onError = (): void => void socket.destroy()
  const onDrain = (): void => void current(socket)?.emit('drain')
  const onClose = (): void => {
    for (const res of due) {
      res.destroyed = true
      res.emit('close')
    }
  }
  socket.on('error', onError).on('drain', onDrain).once('close', onClose)
  last.once('close', () => {
    socket.removeListener('drain', onDrain).removeListener('close', onClose).removeListener('error', onError)
    if (socket.writable) then()
    else socket.on('error', onError).destroy()
  })
}

/** The answer that is being written. */
function current(socket: Duplex): ServerResponse | undefined {
  return (Reflect.get(socket, '_httpMessage') as ServerResponse | null) ?? undefined
}
