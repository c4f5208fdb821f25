// An Express app is a request listener: export it, and leave `listen` to up.
import express from 'express'

const app = express()

app.get('/', (req, res) => {
  res.json({
    greeting: 'Hello from Express',
    client: req.ip,
    port: req.socket.remotePort,
    worker: process.pid
  })
})

// Express answers when the body has arrived; a reload in between does not disturb it.
app.post('/echo', express.text(), (req, res) => res.send(req.body))

export default app
