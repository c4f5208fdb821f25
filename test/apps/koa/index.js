const Koa = require('koa')

const app = new Koa()

app.use(async (ctx, next) => {
  const start = performance.now()
  await next()
  ctx.set('X-Koa', performance.now() >= start ? 'timed' : 'odd')
})

app.use(async ctx => {
  if (ctx.path === '/pid') {
    ctx.body = String(process.pid)
  } else if (ctx.path === '/client') {
    const { remotePort: port, remoteFamily: family } = ctx.socket
    ctx.body = { address: ctx.ip, port, family, protocol: ctx.protocol, host: ctx.host, headers: ctx.headers }
  } else if (ctx.path === '/echo') {
    ctx.type = 'text'
    ctx.body = ctx.req
  } else {
    ctx.body = 'Hello from Koa'
  }
})

app.listen(process.env.PORT || 3000)
