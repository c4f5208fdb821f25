import { request } from 'node:http'
import { connect } from 'node:net'
import { messageOf } from '../errors.js'
import type { ResolvedHealth } from '../options/proxy-options.js'
import { addressText, type Address } from '../proxy/address.js'

/**
 * What a look at an upstream has shown: `passed`; `failed`, with the reason; or `slow`: it took a connection, but
 * did not answer in time.
 */
export type Finding =
  { readonly kind: 'passed' } | { readonly kind: 'failed' | 'slow'; readonly error: Error }

const PASSED: Finding = { kind: 'passed' }

/** Looks whether an upstream takes connections. Never rejects. */
export function probeConnection(address: Address, timeoutMs: number): Promise<Finding> {
  return new Promise(resolve => {
    const socket =
      address.socketPath === undefined
        ? connect({ port: address.port, host: address.host })
        : connect({ path: address.socketPath })
    const end = (finding: Finding): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(finding)
    }
    const why = `no connection to ${addressText(address)} within ${timeoutMs} ms (connectTimeout)`
    const timer = setTimeout(() => end({ kind: 'failed', error: new Error(why) }), timeoutMs)
    socket.on('error', error => end(failed(error))).on('connect', () => end(PASSED))
  })
}

/**
 * Asks an upstream for its health: GET, on a connection of its own. Never rejects.
 *
 * @param host the Host field
 */
export function probeHealth(address: Address, host: string, health: ResolvedHealth): Promise<Finding> {
  const { path, timeoutMs, passing } = health
  return new Promise(resolve => {
    const place =
      address.socketPath === undefined
        ? { port: address.port, host: address.host }
        : { socketPath: address.socketPath }
    const headers = { Host: host, 'User-Agent': 'up-server', Connection: 'close' }
    const req = request({ ...place, path, headers, agent: false })
    let isConnected = false
    const end = (finding: Finding): void => {
      clearTimeout(timer)
      resolve(finding)
      req.destroy()
    }
    const timer = setTimeout(() => {
      const error = new Error(`no answer to GET ${path} within ${timeoutMs} ms (healthTimeout)`)
      end({ kind: isConnected ? 'slow' : 'failed', error })
    }, timeoutMs)
    req
      .on('error', error => end(failed(error)))
      .on('socket', socket => socket.once('connect', () => (isConnected = true)))
      .on('response', ({ statusCode = 0 }) => {
        if (passing(statusCode)) end(PASSED)
        else end(failed(new Error(`GET ${path} was answered with ${statusCode}`)))
      })
      .on('upgrade', (_res, socket) => {
        socket.destroy()
        end(failed(new Error(`GET ${path} was answered with 101`)))
      })
      .end()
  })
}

function failed(error: Error): Finding {
  return {
    kind: 'failed',
    error: error.message === '' ? new Error(messageOf(error), { cause: error }) : error
  }
}
