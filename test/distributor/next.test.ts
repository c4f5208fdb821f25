import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readNext } from '#lib/distributor/target.js'
import { UpError } from '#lib/errors.js'
import { answer, front, get } from '../helpers/front.js'
import { rawUpstream } from '../helpers/raw.js'

const FORWARDS: readonly [title: string, args: unknown[], address: object][] = [
  ['a port', [3000], { port: 3000, host: 'localhost' }],
  ['a string of digits', ['3000'], { port: 3000, host: 'localhost' }],
  ['a port and a host', [3000, '10.0.0.1'], { port: 3000, host: '10.0.0.1' }],
  ['digits and a host', ['3000', 'a.example'], { port: 3000, host: 'a.example' }],
  ['a port and an IPv6 host', [3000, '::1'], { port: 3000, host: '::1' }],
  ['a port and an empty host', [3000, ''], { port: 3000, host: 'localhost' }],
  ['a port and null', [3000, null], { port: 3000, host: 'localhost' }],
  ['a path', ['/run/app.sock'], { socketPath: '/run/app.sock' }],
  ['a path of digits', ['/3000'], { socketPath: '/3000' }],
  ['a path with a #', ['/run/a#b.sock'], { socketPath: '/run/a#b.sock' }],
  ['a path behind unix:', ['unix:/run/app.sock'], { socketPath: '/run/app.sock' }],
  ['host:port', ['a.example:3000'], { port: 3000, host: 'a.example' }],
  ['[IPv6]:port', ['[::1]:3000'], { port: 3000, host: '::1' }],
  ['the text of a URL', ['http://a.example:3000'], { port: 3000, host: 'a.example' }],
  ['the text of a URL without a port', ['http://a.example/'], { port: 80, host: 'a.example' }],
  ['host:port and an empty host', ['a.example:3000', ''], { port: 3000, host: 'a.example' }],
  ['{ port }', [{ port: 3000 }], { port: 3000, host: 'localhost' }],
  ['{ port } of digits', [{ port: '3000' }], { port: 3000, host: 'localhost' }],
  ['{ port, host }', [{ port: 3000, host: 'a.example' }], { port: 3000, host: 'a.example' }],
  ['{ port, host: undefined }', [{ port: 3000, host: undefined }], { port: 3000, host: 'localhost' }],
  ['{ socketPath }', [{ socketPath: '/run/app.sock' }], { socketPath: '/run/app.sock' }],
  ['a URL', [new URL('http://a.example:3000')], { port: 3000, host: 'a.example' }],
  ['a URL without a port', [new URL('http://a.example')], { port: 80, host: 'a.example' }],
  ['a URL of an IPv6 host', [new URL('http://[::1]:3000')], { port: 3000, host: '::1' }],
  ['a ws: URL', [new URL('ws://a.example:3000/')], { port: 3000, host: 'a.example' }]
]

for (const [title, args, address] of FORWARDS) {
  test(`next with ${title} forwards`, () => {
    assert.deepEqual(readNext(...args), { kind: 'forward', address })
  })
}

for (const args of [[], [undefined], [null], [undefined, 'a.example']]) {
  test(`next(${args.map(String).join(', ')}) goes on`, () => {
    assert.deepEqual(readNext(...args), { kind: 'continue' })
  })
}

class CustomError extends Error {}

for (const error of [new Error('broken'), new TypeError('broken'), new CustomError('broken')]) {
  test(`next with a ${error.constructor.name} enters the error stack with it`, () => {
    const read = readNext(error)
    assert.equal(read.kind === 'error' && read.error, error)
  })
}

const BAD: readonly [args: unknown[], shown: string][] = [
  [[0], 'next(0)'],
  [[-1], 'next(-1)'],
  [[65_536], 'next(65536)'],
  [[3000.5], 'next(3000.5)'],
  [[NaN], 'next(NaN)'],
  [[Infinity], 'next(Infinity)'],
  [[''], 'next("")'],
  [['0'], 'next("0")'],
  [['65536'], 'next("65536")'],
  [['3000a'], 'next("3000a")'],
  [[' 3000'], 'next(" 3000")'],
  [['route'], 'next("route")'],
  [['./app.sock'], 'next("./app.sock")'],
  [['/app\0.sock'], 'next("/app\\u0000.sock")'],
  [['localhost'], 'next("localhost")'],
  [['localhost:0'], 'next("localhost:0")'],
  [['localhost:3000', 'a.example'], 'next("localhost:3000", "a.example")'],
  [['localhost:3000#backup'], 'next("localhost:3000#backup")'],
  [['http://localhost:3000#backup'], 'next("http://localhost:3000#backup")'],
  [['unix:/run/app.sock#backup'], 'next("unix:/run/app.sock#backup")'],
  [['https://a.example'], 'next("https://a.example")'],
  [['http://a.example/path'], 'next("http://a.example/path")'],
  [[`/${'a'.repeat(107)}`], `next("/${'a'.repeat(107)}")`],
  [[true], 'next(true)'],
  [[false], 'next(false)'],
  [[Symbol('port')], 'next(Symbol(port))'],
  [[3000n], 'next(3000)'],
  [[() => 3000], 'next(a function)'],
  [[[]], 'next([])'],
  [[[3000]], 'next([3000])'],
  [[{}], 'next(an empty object)'],
  [[{ status: 404 }], 'next(an object with the keys status)'],
  [[{ port: 'http' }], 'next(an object with the keys port)'],
  [[{ port: 0 }], 'next(an object with the keys port)'],
  [[{ port: 3000, host: 5 }], 'next(an object with the keys port, host)'],
  [[{ socketPath: 'app.sock' }], 'next(an object with the keys socketPath)'],
  [[{ socketPath: undefined, port: 3000 }], 'next(an object with the keys socketPath, port)'],
  [[3000, 'a b'], 'next(3000, "a b")'],
  [[3000, 'a/b'], 'next(3000, "a/b")'],
  [[3000, 5], 'next(3000, 5)'],
  [['/run/app.sock', {}], 'next("/run/app.sock", an empty object)'],
  [['/run/app.sock', 'a.example'], 'next("/run/app.sock", "a.example")'],
  [[new URL('https://a.example')], 'next(https://a.example/)'],
  [[new URL('http://a.example/path')], 'next(http://a.example/path)'],
  [[new URL('http://a.example/?query')], 'next(http://a.example/?query)'],
  [[new URL('http://a.example/#hash')], 'next(http://a.example/#hash)'],
  [[new URL('http://user:secret@a.example')], 'next(http://user:secret@a.example/)'],
  [[new URL('http://a.example:0')], 'next(http://a.example:0/)'],
  [[new URL('file:///run/app.sock')], 'next(file:///run/app.sock)']
]

for (const [args, shown] of BAD) {
  test(`${shown} is an error that says so`, () => {
    const read = readNext(...args)
    assert.ok(read.kind === 'error' && read.error instanceof UpError)
    assert.equal(read.error.code, 'UP_ERR_NEXT')
    assert.ok(read.error.message.startsWith(`${shown}: expected `), read.error.message)
  })
}

test('each form of an address leads to the upstream', async t => {
  const tcp = await rawUpstream(t)
  const unix = await rawUpstream(t, 'unix')
  const { port = 0, host = '' } = tcp.address
  const { socketPath = '' } = unix.address
  tcp.answerAll((_head, peer) => peer.send(answer('tcp')))
  unix.answerAll((_head, peer) => peer.send(answer('unix')))
  const calls: [args: unknown[], from: string][] = [
    [[port, host], 'tcp'],
    [[`${port}`, host], 'tcp'],
    [[port], 'tcp'],
    [[tcp.address], 'tcp'],
    [[new URL(`http://${host}:${port}`)], 'tcp'],
    [[`http://${host}:${port}`], 'tcp'],
    [[`localhost:${port}`], 'tcp'],
    [[socketPath], 'unix'],
    [[`unix:${socketPath}`], 'unix'],
    [[{ socketPath }], 'unix']
  ]
  for (const [args, from] of calls) {
    const there = await front(t)
    there.srv.use((_req, _res, next) => next(...args))
    assert.match(await there.ask(get()), new RegExp(`\r\n\r\n${from}$`))
  }
})
