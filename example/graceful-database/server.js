import { createServer } from 'node:http'
import { Pool } from './pool.js'

const pool = new Pool(4)

const server = createServer((req, res) => {
  pool.query(`select * from ${req.url.slice(1)}`).then(
    rows => res.end(`${rows}\n`),
    error => {
      res.statusCode = 500
      res.end(`${error.message}\n`)
    }
  )
})

// A retired worker gets SIGTERM when its last request is answered, or when `workerTimeout` is over; up closes
// its server at the same time. Once the pool is closed too, nothing keeps the process alive, and it ends. It
// has `killTimeout` for that.
process.once('SIGTERM', async () => {
  const { open } = pool
  const closed = await pool.close()
  console.error(`worker ${process.pid}: closed ${closed} of ${open} database handles`)
})

export default server
