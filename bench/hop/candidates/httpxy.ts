// httpxy in front of node:http, with a keep-alive Agent and X-Forwarded-* fields.
import { readFileSync } from 'node:fs'
import { Agent, createServer, ServerResponse } from 'node:http'
import { createProxyServer } from 'httpxy'
import { listen, readSetup, tellStarted } from './serve.js'

const targets = readSetup().sockets.map(socketPath => ({ socketPath }))
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true })
proxy.on('error', (_error, _req, res) => {
  if (res instanceof ServerResponse && !res.headersSent) res.writeHead(502)
  res?.end()
})

let turn = 0
const server = createServer((req, res) => {
  turn = (turn + 1) % targets.length
  const target = targets[turn]
  if (target !== undefined) void proxy.web(req, res, { target })
})

// Its package.json is not among its exports.
const manifest = readFileSync(new URL('../package.json', import.meta.resolve('httpxy')), 'utf8')
const { version } = JSON.parse(manifest) as { version: string }
const port = await listen(server)
tellStarted({ port, hop: [process.pid], workers: [], version }, async () => {})
