// The app: one page, and a chat over WebSockets. Each worker knows its own clients only, so what they say
// goes to the master, which passes it to all workers: see master.js.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const page = readFileSync(new URL('page.html', import.meta.url))
const server = createServer((req, res) => {
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.end(page)
})
const chat = new WebSocketServer({ server, maxPayload: 4096 })

chat.on('connection', client => {
  client.on('error', () => client.terminate())
  client.on('message', data => process.send({ chat: String(data) }))
  client.send(`you are at worker ${process.pid}`)
})

process.on('message', ({ chat: text }) => {
  if (typeof text === 'string') for (const client of chat.clients) client.send(text)
})

// The worker's time is over: its clients come again, and find the new code. Then nothing keeps this
// process alive, and it ends.
process.once('SIGTERM', () => {
  for (const client of chat.clients) client.close(1001, 'reload')
})

export default server
