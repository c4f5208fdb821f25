import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'

const app = new Hono()

app.get('/', c => c.text('Hello from Hono'))
app.get('/pid', c => c.text(String(process.pid)))
app.get('/client', c => {
  const { address, port, addressType: family } = getConnInfo(c).remote
  return c.json({ address, port, family, url: c.req.url, headers: c.req.header() })
})
app.post('/echo', async c => c.text(await c.req.text()))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, info => {
  console.log(`listening on http://localhost:${info.port}`)
})
