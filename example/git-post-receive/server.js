import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

export default createServer((req, res) => res.end(`Version ${version}, worker ${process.pid}\n`))
