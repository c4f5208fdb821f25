// Any HTTP server on a UNIX socket: `node app.js <version> <path>`.
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'

const [, , version = 'v1', path = '/tmp/myapp.sock'] = process.argv
const server = createServer((req, res) => {
  if (req.url === '/slow') setTimeout(() => res.end(`This is ${version}, late\n`), 2000)
  else res.end(`This is ${version}\n`)
})

// What a crash has left there. Only this path, which is this process' own until somebody moves it.
rmSync(path, { force: true })
server.listen(path, () => console.log(`${version} listens on ${path}, pid ${process.pid}`))

// It leaves when nobody is connected any more. server.close() would do the same, but it also removes whatever stands
// at the path that was once bound: by now that is the socket of the next version.
process.once('SIGTERM', () => {
  setInterval(() => {
    server.closeIdleConnections()
    server.getConnections((error, count) => {
      if (count === 0) process.exit(0)
    })
  }, 100)
})
