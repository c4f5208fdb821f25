/** An app that answers with a text; `/slow` only when a file `go` is there, `/pid` with its pid. */
export function appText(answer: string): string {
  return `
const { existsSync } = require('node:fs')
const { createServer } = require('node:http')
module.exports = createServer((req, res) => {
  if (req.url === '/pid') return res.end(String(process.pid))
  if (req.url !== '/slow') return res.end(${JSON.stringify(answer)})
  res.write('begun ')
  const timer = setInterval(() => {
    if (!existsSync('go')) return
    clearInterval(timer)
    res.end(${JSON.stringify(answer)})
  }, 10)
})
`
}

/** The body of an answer to GET. */
export async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } })
  return response.text()
}
