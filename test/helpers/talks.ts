import { sayPath } from './answers.js'
import type { Running } from './app.js'
import type { RawPeer } from './raw.js'
import { until } from './wait.js'

export const POST = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'
export const LAST = 'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** Each talks to the master, and returns all that it got. */
export const TALKS: Readonly<
  Record<string, (client: RawPeer, side: { readonly running: Running }) => Promise<string>>
> = {
  'sends a body with its head': client => client.send(`${POST}12345${LAST}`).takeAll(),
  'sends a body in pieces': async client => {
    for (const piece of [POST, '1', '23', '45']) {
      client.send(piece)
      await new Promise(setImmediate)
    }
    const head = await client.takeHead()
    return head + (await client.send(LAST).takeAll())
  },
  'sends a body with the beginning of the next request': async client => {
    client.send(`${POST}123`)
    await new Promise(setImmediate)
    return client.send(`45${LAST}`).takeAll()
  },
  'sends no body to a POST': client =>
    client.send(`${POST.replace('Content-Length: 5\r\n', '')}${LAST}`).takeAll(),
  'ends its side behind the body': client => client.end(`${POST}12345`).takeAll(),
  'ends its side within the body': async (client, { running }) => {
    client.send(`${POST}123`)
    await until(() => running.srv.status().workers[0]?.inFlight === 1)
    return client.end().takeAll()
  },
  'ends its side before the body': async (client, { running }) => {
    client.send(POST)
    await until(() => running.srv.status().workers[0]?.inFlight === 1)
    return client.end().takeAll()
  },
  'ends its side within a body that has its answer': async client => {
    client.send(`${POST.replace('/echo', sayPath('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))}123`)
    const head = await client.takeHead()
    return head + (await client.end().takeAll())
  },
  'ends its side within a body of which the answer has begun': async client => {
    client.send(`${POST.replace('/echo', sayPath('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))}123`)
    const head = await client.takeHead()
    return head + (await client.end().takeAll())
  },
  'is answered before its body, and goes on': async client => {
    const answer = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n'
    client.send(`${POST.replace('/echo', sayPath(answer))}12`)
    const head = await client.takeHead()
    return head + (await client.send(`345${LAST}`).takeAll())
  },
  'is answered before its body by a worker that closes, and goes on': async client => {
    const answer = 'HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    client.send(`${POST.replace('/echo', sayPath(answer, 'end'))}12`)
    const head = await client.takeHead()
    return head + (await client.send(`345${LAST}`).takeAll())
  },
  'gets 502 before its body is whole, and goes on': async client => {
    client.send(`${POST.replace('/echo', '/say//reset')}12`)
    const head = await client.takeHead()
    return head + (await client.send(`345${LAST}`).takeAll())
  },
  'wants its connection closed': client =>
    client.send(`${POST.replace('Content', 'Connection: close\r\nContent')}12345`).takeAll()
}
