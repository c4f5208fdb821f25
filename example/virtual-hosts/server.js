// Two sites behind one port. Each has its own workers and is reloaded by itself; the Distributor in front
// chooses by Host where a request goes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import up from 'up-server'
import distribute from 'up-server/distribute'

const sites = new Map([
  ['blog.localhost', await serve('blog')],
  ['app.localhost', await serve('app')]
])

const server = createServer()
const front = distribute(server)
front.use((req, res, next) => {
  const site = siteOf(req)
  if (site !== undefined) return next(site.port)
  res.statusCode = 404
  res.end(`No such site; try ${[...sites.keys()].join(' or ')}\n`)
})
// An upgrade of no site falls through to the default handler, which ends it.
front.ws.use((req, socket, next) => next(siteOf(req)?.port))

process.on('SIGUSR2', () => {
  for (const { srv } of sites.values()) srv.reload()
})
process.once('SIGTERM', () => {
  server.close()
  for (const { srv } of sites.values()) srv.close()
})

server.listen({ port: Number(process.env.PORT ?? 3000), backlog: 4096 }, () => {
  console.log(`listening on http://localhost:${server.address().port}, pid ${process.pid}`)
})

function siteOf(req) {
  return sites.get(req.headers.host?.replace(/:\d+$/, '').toLowerCase())
}

async function serve(name) {
  const server = createServer()
  // What the front says of the client is believed; nobody else can connect to the loopback port from outside.
  const options = { numWorkers: 2, trustProxy: 'loopback' }
  const srv = up(server, `${import.meta.dirname}/${name}/server.js`, options)
  srv.on('reload', ({ generation }) => console.log(`${name}: generation ${generation} serves`))
  srv.on('fail', error => console.error(`${name}: ${error.message}`))
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return { srv, port: server.address().port }
}
