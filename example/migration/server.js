// The master: serves the current release, and goes over to another one when its admin socket is told to.
import { existsSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import up from 'up-server'
import { DATA } from './database.js'
import { CURRENT, deploy, migrate, pointAt } from './deploy.js'

if (!existsSync(CURRENT)) {
  await migrate('1', 'up')
  pointAt('1')
}

const server = createServer()
const srv = up(server, `${CURRENT}/app.js`, { numWorkers: 2, maxHeld: 10_000 })
srv.on('fail', error => console.error(error.message))

const admin = createServer(async (req, res) => {
  const release = (await text(req)).trim()
  try {
    await deploy(srv, release)
    res.end(`release ${release} serves; a request waited ${srv.status().longestWaitMs} ms at most\n`)
  } catch (error) {
    res.writeHead(500).end(`${error.stderr || error.message}\n`)
  }
})
const socket = join(DATA, 'admin.sock')
rmSync(socket, { force: true })
admin.listen(socket)

process.once('SIGTERM', () => {
  admin.close()
  srv.close()
})

server.listen({ port: Number(process.env.PORT ?? 3000), backlog: 4096 }, () => {
  console.log(`listening on http://localhost:${server.address().port}, pid ${process.pid}`)
})
