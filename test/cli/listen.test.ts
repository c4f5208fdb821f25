import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { describeAddress, listen } from '#lib/cli/listen.js'
import { UpError } from '#lib/errors.js'

test('The address is described as a URL that works, with the interfaces it stands for', async t => {
  const cases: [string | undefined, RegExp][] = [
    [undefined, /^http:\/\/localhost:\d+ \(all interfaces\)$/],
    ['0.0.0.0', /^http:\/\/localhost:\d+ \(all IPv4 interfaces\)$/],
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/localhost:\d+$/]
  ]
  for (const [host, expected] of cases) {
    const server = await listen({ port: 0, host, tls: undefined })
    t.after(() => server.close())
    assert.match(describeAddress(server, host), expected)
  }
})

test('An IPv6 address is put in brackets', async t => {
  let server
  try {
    server = await listen({ port: 0, host: '::1', tls: undefined })
  } catch {
    return t.skip('no IPv6 here')
  }
  t.after(() => server.close())
  assert.match(describeAddress(server, '::1'), /^http:\/\/\[::1\]:\d+$/)
})

test('A port that is taken rejects with UP_ERR_LISTEN and its cause', async t => {
  const server = await listen({ port: 0, host: '127.0.0.1', tls: undefined })
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  await assert.rejects(listen({ port, host: '127.0.0.1', tls: undefined }), (error: unknown) => {
    assert.ok(error instanceof UpError)
    assert.equal(error.code, 'UP_ERR_LISTEN')
    assert.match(
      error.message,
      new RegExp(`^cannot listen on 127\\.0\\.0\\.1 port ${port}: the port is taken`)
    )
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE')
    return true
  })
})
