import { createServer, type Server } from 'node:http'
import { greet, type Greeting } from './greeting.js'

const server: Server = createServer((req, res) => {
  const greeting: Greeting = greet(req.url?.slice(1) || 'you')
  res.setHeader('Content-Type', 'application/json')
  res.end(JSON.stringify(greeting) + '\n')
})

export default server
