import type { IncomingMessage, ServerResponse } from 'node:http'

/** The app under test: a GET is answered with its own path, a POST with its own body and framing. */
export default function app(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'POST') {
    const length = req.headers['content-length']
    res.writeHead(200, length === undefined ? {} : { 'Content-Length': length })
    req.pipe(res)
    return
  }
  const body = answerTo(req.url ?? '')
  res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) }).end(body)
}

/** What a GET of this path is answered with. */
export function answerTo(path: string): string {
  return `This is the answer to ${path}\n`
}
