const httpProxy = require('http-proxy')

const proxy = httpProxy.createProxyServer({ target: process.env.TARGET, xfwd: true, ws: true })

proxy.on('proxyRes', (proxyRes, req, res) => {
  res.setHeader('X-Proxy-Pid', process.pid)
})
proxy.on('error', (error, req, res) => {
  console.error(error)
  if ('writeHead' in res) res.writeHead(502).end(error.message)
  else res.destroy()
})

proxy.listen(process.env.PORT || 5050)
