import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describeClient, Page } from './answers'

const server = createServer((req: IncomingMessage, res: ServerResponse): void => {
  switch (req.url) {
    case Page.Pid:
      res.end(String(process.pid))
      break
    case Page.Client:
      res.end(JSON.stringify(describeClient(req)))
      break
    case Page.Echo:
      req.pipe(res)
      break
    default:
      res.end('Hello from TypeScript')
  }
})

server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
