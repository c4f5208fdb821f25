import Fastify from 'fastify'

const app = Fastify({ logger: true })

app.get('/', () => ({ hello: 'from Fastify' }))
app.get('/pid', () => String(process.pid))
app.get('/client', ({ ip, protocol, host, headers, socket }) => {
  return { address: ip, port: socket.remotePort, family: socket.remoteFamily, protocol, host, headers }
})
app.post('/echo', request => request.body)

// Without a host Fastify listens on all addresses of localhost, with a server for each.
try {
  await app.listen({ port: Number(process.env.PORT ?? 3000) })
} catch (error) {
  app.log.error(error)
  process.exit(1)
}
