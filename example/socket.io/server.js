// The app: one page, and a chat over Socket.IO. Each worker knows its own clients only, so what they say
// goes to the master, which passes it to all workers: see master.js.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const page = readFileSync(new URL('page.html', import.meta.url))
const server = createServer((req, res) => {
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.end(page)
})
const io = new Server(server, { maxHttpBufferSize: 4096 })

io.on('connection', socket => {
  socket.emit('welcome', `you are at worker ${process.pid}`)
  // The sender learns that it was heard.
  socket.on('say', (text, heard) => {
    process.send({ chat: String(text) })
    if (typeof heard === 'function') heard(process.pid)
  })
})

process.on('message', ({ chat: text }) => {
  if (typeof text === 'string') io.emit('chat', text)
})

// The worker's time is over: its clients connect again, and find the new code.
process.once('SIGTERM', () => {
  process.disconnect?.()
  io.close()
})

export default server
