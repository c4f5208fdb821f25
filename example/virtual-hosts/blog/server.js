import { createServer } from 'node:http'

export default createServer((req, res) => res.end(`The blog, worker ${process.pid}\n`))
