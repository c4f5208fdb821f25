import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { httpCrowds } from '../helpers/apps/http-crowds.js'
import { HttpTalker } from '../helpers/apps/http-talker.js'
import { prove } from '../helpers/apps/prove.js'
import { REST, type Questions } from '../helpers/apps/questions.js'
import type { Client } from '../helpers/apps/talker.js'

/** The app tells its client last in X-Forwarded-For, and itself by a field that it adds to each answer. */
const questions: Questions = {
  ...REST,
  pid: { ...REST.pid, read: (_body, headers) => Number(headers['x-proxy-pid']) },
  client: {
    path: '/client',
    read(body) {
      const headers = JSON.parse(body) as Client['headers']
      return { address: String(headers['x-forwarded-for']).split(',').at(-1) ?? '', headers }
    }
  }
}

/** What is behind the proxy. */
const behind: RequestListener = (req, res) => {
  if (req.url === '/echo') req.pipe(res)
  else res.end(req.url === '/client' ? JSON.stringify(req.headers) : 'Hello from behind')
}

async function startBehind(t: TestContext): Promise<Record<string, string>> {
  const server = createServer(behind).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { TARGET: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

prove('http-proxy', {
  folder: 'http-proxy',
  main: 'app.js',
  env: startBehind,
  visitor: port => new HttpTalker({ port, questions }),
  crowds: port => httpCrowds(port, { questions })
})
