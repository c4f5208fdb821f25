import type { ProxiedServer } from './middleware.js'

/** Gives the server the settings that a proxy needs, unless the user did. */
export function prepareServer(server: ProxiedServer): void {
  // A client that has sent its request may close its sending side and still wants the answer. An http server's
  // sockets allow that by themselves, those of others do not.
  Object.assign(server, { httpAllowHalfOpen: true, allowHalfOpen: true })
  // By default node:http drops fields beyond the 2,000th silently, those that delimit the body included;
  // their size is limited anyway (maxHeaderSize).
  setDefault(server, 'maxHeadersCount', 0)
  if (!('updateSettings' in server)) return
  // What an http server has by default, and an http2 server that serves HTTP/1.1 as well has not: idle
  // connections would stay for ever, requests without Host would pass, small writes would wait for each other.
  setDefault(server, 'keepAliveTimeout', 5000)
  setDefault(server, 'requireHostHeader', true)
  Object.assign(server, { noDelay: true })
}

function setDefault(server: ProxiedServer, name: string, value: unknown): void {
  if (Reflect.get(server, name) == null) Reflect.set(server, name, value)
}
