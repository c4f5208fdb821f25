// 5 % of the clients get the new version, and keep it: a cookie remembers which one a client has.
import { createServer } from 'node:http'
import up from 'up-server'

const { STABLE = 'localhost:4001', CANARY = 'localhost:4002', SHARE = '0.05', PORT = '3000' } = process.env
const server = createServer()
const srv = up.proxy(server, [STABLE])

srv.use((req, res, next) => {
  const known = /(?:^|; )canary=(yes|no)/.exec(req.headers.cookie ?? '')?.[1]
  const chosen = known ?? (Math.random() < Number(SHARE) ? 'yes' : 'no')
  if (known === undefined) res.setHeader('Set-Cookie', `canary=${chosen}; Path=/; HttpOnly; SameSite=Lax`)
  if (chosen === 'yes') next(CANARY)
  else next()
})

// The new version takes no connection: its clients get the old one meanwhile.
srv.use((error, req, res, next) => (error.code === 'UP_ERR_CONNECT' ? next(STABLE) : next(error)))

process.once('SIGTERM', () => srv.close())
server.listen({ port: Number(PORT), backlog: 4096 }, () => {
  console.log(`listening on http://localhost:${server.address().port}, pid ${process.pid}`)
})
