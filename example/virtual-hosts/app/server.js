import { createServer } from 'node:http'

export default createServer((req, res) => {
  res.end(`The app, worker ${process.pid}, asked by ${req.headers['x-forwarded-for']}\n`)
})
