const express = require('express')

const app = express()

app.get('/', (req, res) => {
  res.send('Hello from Express')
})

app.get('/pid', (req, res) => {
  res.send(String(process.pid))
})

app.get('/client', (req, res) => {
  const { remotePort: port, remoteFamily: family } = req.socket
  res.json({ address: req.ip, port, family, protocol: req.protocol, host: req.host, headers: req.headers })
})

app.post('/echo', express.text({ limit: '1mb' }), (req, res) => {
  res.type('text/plain').send(req.body)
})

const server = app.listen(process.env.PORT || 3000, error => {
  if (error) throw error
  console.log('listening', server.address())
})
