// Any HTTP server: `node app.js <version> <port>`.
import { createServer } from 'node:http'

const [, , version = 'v1', port = '4001'] = process.argv
const server = createServer((req, res) => res.end(`This is ${version}\n`))
server.listen(Number(port), 'localhost', () => {
  console.log(`${version} listening on http://localhost:${server.address().port}, pid ${process.pid}`)
})
