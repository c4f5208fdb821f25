import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { clientLine, forwardedLines } from '#lib/proxy/forwarded.js'

const NONE = new Set<string>()
const nobody = (): boolean => false
const everybody = (): boolean => true

function from(peer: string | undefined, more: object = {}): IncomingMessage {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: peer })
  Object.defineProperty(socket, 'remotePort', { value: peer === undefined ? undefined : 50_000 })
  return new IncomingMessage(Object.assign(socket, more))
}

const CLAIMED = { for: '203.0.113.9, 198.51.100.2', proto: 'https', host: 'claimed' }
const UNCLAIMED = { for: '', proto: '', host: '' }

test('the claims of a peer that is not trusted are replaced', () => {
  assert.equal(
    forwardedLines(from('192.0.2.1'), 'front', CLAIMED, NONE, nobody),
    'X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: front\r\n'
  )
})

test('the claims of a trusted peer stay, and it is appended to the chain', () => {
  assert.equal(
    forwardedLines(from('192.0.2.1'), 'front', CLAIMED, NONE, address => address === '192.0.2.1'),
    'X-Forwarded-For: 203.0.113.9, 198.51.100.2, 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: claimed\r\n'
  )
})

test('a trusted peer that claims nothing is the client', () => {
  assert.equal(
    forwardedLines(from('192.0.2.1'), 'front', UNCLAIMED, NONE, everybody),
    'X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: front\r\n'
  )
})

test('TLS is told, and an IPv4 address is plain also on a dual-stack listener', () => {
  assert.equal(
    forwardedLines(from('::ffff:192.0.2.1', { encrypted: true }), '', UNCLAIMED, NONE, nobody),
    'X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n'
  )
  assert.match(
    forwardedLines(from('2001:db8::1'), '', UNCLAIMED, NONE, nobody),
    /^X-Forwarded-For: 2001:db8::1\r\n/
  )
})

test('a peer without an address, as on a UNIX socket, is not named', () => {
  assert.equal(forwardedLines(from(undefined), '', UNCLAIMED, NONE, nobody), 'X-Forwarded-Proto: http\r\n')
  assert.match(
    forwardedLines(from(undefined), '', CLAIMED, NONE, everybody),
    /^X-Forwarded-For: 203.0.113.9, 198.51.100.2\r\n/
  )
})

test('lines that are there already are not added', () => {
  const given = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'])
  assert.equal(forwardedLines(from('192.0.2.1'), 'front', CLAIMED, given, nobody), '')
})

test('a worker is told address, port and TLS', () => {
  assert.equal(clientLine(from('192.0.2.1'), 'x-secret'), 'x-secret: 192.0.2.1 50000 p\r\n')
  assert.equal(clientLine(from('::1', { encrypted: true }), 'x-secret'), 'x-secret: ::1 50000 s\r\n')
  assert.equal(clientLine(from(undefined), 'x-secret'), 'x-secret: - 0 p\r\n')
})
