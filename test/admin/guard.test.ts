import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AdminServer } from '#lib/admin/admin-server.js'
import { FakeSteered } from '../helpers/fake-steered.js'
import { rawClient } from '../helpers/raw.js'

const TOKEN = 'correct-horse-battery'

interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

interface Guarded {
  readonly steering: FakeSteered
  readonly port: number
  /** Sends a request byte by byte as it is given; `$` stands for the port. */
  ask(...lines: string[]): Promise<Answer>
}

async function guarded(t: TestContext, token?: string, host = '127.0.0.1'): Promise<Guarded> {
  const server = await AdminServer.open({ address: { host, port: 0 }, token })
  const steering = new FakeSteered()
  t.after(() => {
    server.close()
    steering.close()
  })
  server.show(steering)
  const port = Number(new URL(server.url).port)
  const ask = async (...lines: string[]): Promise<Answer> => {
    const [head = '', body = ''] = lines.join('\r\n').split('\r\n\r\n')
    const client = rawClient(t, { port, host: '127.0.0.1' })
    client.send(`${head.replaceAll('$', String(port))}\r\nConnection: close\r\n\r\n${body}`)
    const text = await client.takeAll()
    const [answered = '', ...rest] = text.split('\r\n\r\n')
    return { status: Number(answered.split(' ')[1]), head: answered, body: rest.join('\r\n\r\n') }
  }
  return { steering, port, ask }
}

function post(path: string, ...fields: string[]): string[] {
  return [`POST ${path} HTTP/1.1`, ...fields, 'Content-Length: 0']
}

test('this machine may read and change by any of its own names', async t => {
  const { ask, steering } = await guarded(t)
  for (const host of ['localhost:$', '127.0.0.1:$', '[::1]:$', 'LOCALHOST:$']) {
    assert.equal((await ask('GET /status HTTP/1.1', `Host: ${host}`)).status, 200)
    assert.equal((await ask(...post('/resume', `Host: ${host}`))).status, 200)
  }
  assert.equal(steering.calls.length, 4)
})

test('a page of its own may change', async t => {
  const { ask, steering } = await guarded(t)
  const answer = await ask(
    ...post('/resume', 'Host: localhost:$', 'Origin: http://localhost:$', 'Sec-Fetch-Site: same-origin')
  )
  assert.equal(answer.status, 200)
  assert.deepEqual(steering.calls, ['resume'])
})

for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b']) {
  test(`a form of another site that is posted as ${type} changes nothing (CSRF)`, async t => {
    const { ask, steering } = await guarded(t)
    const body = '{"workers":9}'
    const form = [`Content-Type: ${type}`, `Content-Length: ${body.length}`, '', body]
    const foreign = ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site']
    const answer = await ask('POST /scale HTTP/1.1', 'Host: localhost:$', ...foreign, ...form)
    assert.equal(answer.status, 403)
    // Old browsers send neither: what no form can send is wanted.
    assert.equal((await ask('POST /scale HTTP/1.1', 'Host: localhost:$', ...form)).status, 415)
    assert.deepEqual(steering.calls, [])
  })
}

const FOREIGN = {
  'another site': 'Origin: https://evil.example',
  'nobody (null)': 'Origin: null',
  'another port': 'Origin: http://localhost:1',
  'another scheme': 'Origin: https://localhost:$',
  'another name of this machine': 'Origin: http://127.0.0.1:$',
  'a site whose name begins alike': 'Origin: http://localhost:$.evil.example',
  'a subdomain': 'Sec-Fetch-Site: same-site',
  'another site, without Origin': 'Sec-Fetch-Site: cross-site'
}

for (const [who, field] of Object.entries(FOREIGN)) {
  test(`a page of ${who} may neither change nor read`, async t => {
    const { ask, steering } = await guarded(t)
    assert.equal((await ask(...post('/resume', 'Host: localhost:$', field))).status, 403)
    assert.equal((await ask('GET /status HTTP/1.1', 'Host: localhost:$', field)).status, 403)
    assert.deepEqual(steering.calls, [])
  })
}

test('a second Origin does not help a first', async t => {
  const { ask, steering } = await guarded(t)
  const origins = ['Origin: http://localhost:$', 'Origin: https://evil.example']
  assert.equal((await ask(...post('/resume', 'Host: localhost:$', ...origins))).status, 403)
  assert.equal((await ask(...post('/resume', 'Host: localhost:$', ...origins.reverse()))).status, 403)
  assert.deepEqual(steering.calls, [])
})

const HOSTS = {
  "somebody else's name that leads here (DNS rebinding)": ['Host: evil.example:$'],
  'a name that ends alike': ['Host: evil.localhost:$'],
  'another port': ['Host: localhost:1'],
  'no port': ['Host: localhost'],
  'another address': ['Host: 10.0.0.1:$'],
  'user information': ['Host: localhost:$@evil.example'],
  'an empty name': ['Host: '],
  'two Hosts': ['Host: localhost:$', 'Host: evil.example'],
  'two Hosts, the right one last': ['Host: evil.example', 'Host: localhost:$']
}

for (const [what, hosts] of Object.entries(HOSTS)) {
  test(`with ${what} there is nothing to read or change, not even the page`, async t => {
    const { ask, steering } = await guarded(t)
    for (const path of ['/', '/main.js', '/status', '/events', '/history', '/metrics'])
      assert.ok([400, 403].includes((await ask(`GET ${path} HTTP/1.1`, ...hosts)).status), path)
    assert.ok([400, 403].includes((await ask(...post('/resume', ...hosts))).status))
    assert.deepEqual(steering.calls, [])
  })
}

test('without a Host there is nothing: neither by HTTP/1.0 nor by HTTP/1.1', async t => {
  const { ask, steering } = await guarded(t)
  assert.equal((await ask('GET /status HTTP/1.0')).status, 403)
  assert.equal((await ask('GET /status HTTP/1.1')).status, 400)
  assert.equal((await ask('POST /resume HTTP/1.0', 'Content-Length: 0')).status, 403)
  assert.deepEqual(steering.calls, [])
})

test('a target with a host of its own is refused, whatever the Host says', async t => {
  const { ask, steering } = await guarded(t)
  for (const target of ['http://localhost:$/status', 'http://evil.example/status', '*'])
    assert.equal((await ask(`GET ${target} HTTP/1.1`, 'Host: localhost:$')).status, 400)
  assert.equal((await ask(...post('http://localhost:$/resume', 'Host: localhost:$'))).status, 400)
  assert.deepEqual(steering.calls, [])
})

test('probes come by any name, and may only look', async t => {
  for (const token of [undefined, TOKEN]) {
    const { ask } = await guarded(t, token)
    for (const path of ['/healthz', '/readyz']) {
      assert.equal((await ask(`GET ${path} HTTP/1.1`, 'Host: shop.internal')).status, 200)
      assert.equal((await ask(`GET ${path} HTTP/1.0`)).status, 200)
      assert.equal((await ask(...post(path, 'Host: shop.internal'))).status, 403)
    }
  }
})

test('where there is a token, all but the page and the probes wants it, from this machine, too', async t => {
  const { ask, steering } = await guarded(t, TOKEN)
  const right = `Authorization: Bearer ${TOKEN}`
  for (const path of ['/status', '/events', '/history', '/openapi.json', '/nothing'])
    assert.equal((await ask(`GET ${path} HTTP/1.1`, 'Host: localhost:$')).status, 401)
  const refused = await ask(...post('/resume', 'Host: localhost:$'))
  assert.equal(refused.status, 401)
  assert.match(refused.head, /WWW-Authenticate: Bearer/)
  assert.deepEqual(steering.calls, [])
  assert.equal((await ask('GET / HTTP/1.1', 'Host: localhost:$')).status, 200)
  assert.equal((await ask('GET /status HTTP/1.1', 'Host: localhost:$', right)).status, 200)
  assert.equal((await ask(...post('/resume', 'Host: localhost:$', right))).status, 200)
  assert.deepEqual(steering.calls, ['resume'])
})

const WRONG = {
  'another one': 'Bearer correct-horse-batterz',
  'a longer one': `Bearer ${TOKEN}x`,
  'a shorter one': `Bearer ${TOKEN.slice(0, -1)}`,
  'an empty one': 'Bearer ',
  'one without its scheme': TOKEN,
  'one of another scheme': `Basic ${TOKEN}`,
  'one among others': `Bearer x ${TOKEN}`
}

for (const [what, value] of Object.entries(WRONG)) {
  test(`${what} is not the token`, async t => {
    const { ask, steering } = await guarded(t, TOKEN)
    assert.equal((await ask(...post('/resume', 'Host: localhost:$', `Authorization: ${value}`))).status, 401)
    assert.deepEqual(steering.calls, [])
  })
}

test('the token travels in its field alone, and once', async t => {
  const { ask, steering } = await guarded(t, TOKEN)
  const right = `Authorization: Bearer ${TOKEN}`
  assert.equal((await ask(...post(`/resume?token=${TOKEN}`, 'Host: localhost:$'))).status, 401)
  assert.equal((await ask(...post('/resume', 'Host: localhost:$', `Cookie: token=${TOKEN}`))).status, 401)
  assert.equal(
    (await ask(...post('/resume', 'Host: localhost:$', right, 'Authorization: Bearer x'))).status,
    401
  )
  assert.deepEqual(steering.calls, [])
})

test("the token does not make up for another site's page, nor for another Host", async t => {
  const { ask, steering } = await guarded(t, TOKEN)
  const right = `Authorization: Bearer ${TOKEN}`
  assert.equal((await ask(...post('/resume', 'Host: localhost:$', right, 'Origin: null'))).status, 403)
  assert.equal((await ask(...post('/resume', 'Host: evil.example:$', right))).status, 403)
  assert.deepEqual(steering.calls, [])
})

test('on all interfaces the address that the client came to is a Host, and others are not', async t => {
  const { ask } = await guarded(t, TOKEN, '0.0.0.0')
  const right = `Authorization: Bearer ${TOKEN}`
  assert.equal((await ask('GET /status HTTP/1.1', 'Host: 127.0.0.1:$', right)).status, 200)
  assert.equal((await ask('GET /status HTTP/1.1', 'Host: 0.0.0.0:$', right)).status, 403)
  assert.equal((await ask('GET /status HTTP/1.1', 'Host: evil.example:$', right)).status, 403)
})

test('no answer lets another origin read it, and none may be shown by another page', async t => {
  const { ask } = await guarded(t)
  const origin = 'Origin: https://evil.example'
  const all = [
    await ask('OPTIONS /resume HTTP/1.1', 'Host: localhost:$', origin, 'Access-Control-Request-Method: POST'),
    await ask('GET /status HTTP/1.1', 'Host: localhost:$', origin),
    await ask('GET /status HTTP/1.1', 'Host: localhost:$'),
    await ask('GET / HTTP/1.1', 'Host: localhost:$'),
    await ask('GET /nothing HTTP/1.1', 'Host: localhost:$')
  ]
  assert.deepEqual(
    all.map(({ status }) => status),
    [403, 403, 200, 200, 404]
  )
  for (const { head } of all) {
    assert.doesNotMatch(head, /access-control/i)
    assert.match(head, /Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; /)
    assert.match(head, /require-trusted-types-for 'script'; frame-ancestors 'none'/)
    assert.match(head, /X-Content-Type-Options: nosniff/)
    assert.match(head, /Referrer-Policy: no-referrer/)
  }
})

test('before there is anything to steer it says so, under the same rules', async t => {
  const server = await AdminServer.open({ address: { host: '127.0.0.1', port: 0 }, token: undefined })
  t.after(() => server.close())
  const early = await fetch(server.url)
  assert.equal(early.status, 503)
  assert.match(early.headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('behind a reverse proxy that sets the Host and takes the Origin away, the token alone counts', async t => {
  const { ask, steering } = await guarded(t, TOKEN)
  const fields = ['Host: 127.0.0.1:$', 'Sec-Fetch-Site: same-origin', 'X-Forwarded-For: 192.0.2.1']
  assert.equal((await ask(...post('/resume', ...fields))).status, 401)
  assert.equal((await ask(...post('/resume', ...fields, `Authorization: Bearer ${TOKEN}`))).status, 200)
  assert.deepEqual(steering.calls, ['resume'])
})

test('a HEAD of the events ends', async t => {
  const { ask } = await guarded(t)
  const { status, head, body } = await ask('HEAD /events HTTP/1.1', 'Host: localhost:$')
  assert.deepEqual([status, body], [200, ''])
  assert.match(head, /Content-Type: text\/event-stream/)
})

test('other machines can connect only where there is a token', async () => {
  for (const host of ['0.0.0.0', '::', '10.1.2.3', 'shop.internal'])
    await assert.rejects(AdminServer.open({ address: { host, port: 0 }, token: undefined }), {
      code: 'UP_ERR_OPTION',
      message: /--admin-token/
    })
})
