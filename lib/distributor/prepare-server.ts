import { OptionError } from '../errors.js'
import { takeHostCheck } from './framing-guard.js'
import type { ProxiedServer } from './middleware.js'

/** node:http's default for `requestTimeout`, in milliseconds. */
const DEFAULT_REQUEST_TIMEOUT_MS = 300_000

/** @throws {OptionError} `UP_ERR_OPTION`: not an http(s) server */
export function assertServer(value: unknown): void {
  const isServer =
    typeof value === 'object' &&
    value !== null &&
    'on' in value &&
    'listen' in value &&
    'listenerCount' in value
  if (!isServer) throw new OptionError('server', value, 'an http.Server, https.Server or http2 server')
}

/** Gives the server the settings that a proxy needs, unless the user did. */
export function prepareServer(server: ProxiedServer): void {
  // A client that has sent its request may close its sending side and still wants the answer. An http server's
  // sockets allow that by themselves, those of others do not.
  Object.assign(server, { httpAllowHalfOpen: true, allowHalfOpen: true })
  // By default node:http drops fields beyond the 2,000th silently, those that delimit the body included;
  // their size is limited anyway (maxHeaderSize).
  setDefault(server, 'maxHeadersCount', 0)
  // It would also end uploads that move, only because they are long: StalledUploads takes its place.
  if (Reflect.get(server, 'requestTimeout') === DEFAULT_REQUEST_TIMEOUT_MS)
    Reflect.set(server, 'requestTimeout', 0)
  if ('updateSettings' in server) prepareHttp2(server)
  takeHostCheck(server)
}

function prepareHttp2(server: ProxiedServer): void {
  // What an http server has by default, and an http2 server that serves HTTP/1.1 as well has not: idle
  // connections would stay for ever, requests without Host would pass, small writes would wait for each other.
  setDefault(server, 'keepAliveTimeout', 5000)
  setDefault(server, 'requireHostHeader', true)
  Object.assign(server, { noDelay: true })
}

function setDefault(server: ProxiedServer, name: string, value: unknown): void {
  if (Reflect.get(server, name) == null) Reflect.set(server, name, value)
}
