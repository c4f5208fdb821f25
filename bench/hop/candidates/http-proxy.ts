// http-proxy in front of node:http, with a keep-alive Agent and X-Forwarded-* fields.
import { Agent, createServer, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import httpProxy from 'http-proxy'
import { listen, readSetup, tellStarted } from './serve.js'

const targets = readSetup().sockets.map(socketPath => ({ socketPath, host: '', port: 0 }))
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true })
proxy.on('error', (_error, _req, res) => {
  if (res instanceof ServerResponse && !res.headersSent) res.writeHead(502)
  res.end()
})

let turn = 0
const server = createServer((req, res) => {
  turn = (turn + 1) % targets.length
  proxy.web(req, res, { target: targets[turn] })
})

const { version } = createRequire(import.meta.url)('http-proxy/package.json') as { version: string }
const port = await listen(server)
tellStarted({ port, hop: [process.pid], workers: [], version }, async () => {})
