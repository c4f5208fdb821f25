// Many clients that send one request each at the same time. Argument: a CrowdSetup as JSON.
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { readAnswer } from '../reload/answer.js'
import type { CrowdSetup, FromCrowd, ToCrowd } from './protocol.js'

/** So many connect at once. */
const AT_ONCE = 100
/** The system has taken all that it takes when no more has gone for so long, in milliseconds. */
const STALLED_MS = 1000
const PIECE = Buffer.alloc(65_536, 'x')
/** What a browser sends. */
const FIELDS = [
  'Host: shop.example.org',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cache-Control: max-age=0',
  'Connection: keep-alive',
  'Cookie: session=eyJ1c2VyIjo0MiwiY2FydCI6WzEsMiwzXX0.ZyQ3Vw.x7pQkC1iM2nEwq0b6mYt; theme=dark; consent=1',
  'Referer: https://shop.example.org/catalogue?page=3',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-User: ?1',
  'Upgrade-Insecure-Requests: 1'
].join('\r\n')

const { port, connections, bodyBytes } = JSON.parse(process.argv[2] ?? '') as CrowdSetup
const problems: string[] = []
/** Of requests that are under way; each resolves when its answer is there, or there will be none. */
const answers: Promise<void>[] = []
const sockets: Socket[] = []
let failed = 0
let taken = 0

process.once('disconnect', () => process.exit())
process.on('message', ({ type }: ToCrowd) => void answer(type).then(message => process.send?.(message)))

async function answer(type: ToCrowd['type']): Promise<FromCrowd> {
  if (type === 'connect') {
    for (let i = 0; i < connections; i += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, connections - i) }, connectOne)
      await Promise.all(some.map(socket => get(socket, 'first')))
      sockets.push(...some)
    }
    return { type }
  }
  if (type === 'send') {
    for (const socket of sockets) answers.push(bodyBytes === 0 ? get(socket, 'held') : upload(socket))
    for (let before = -1; bodyBytes > 0 && before < taken; await delay(STALLED_MS)) before = taken
    return { type, bytes: taken }
  }
  await Promise.all(answers)
  return { type, failed, problems }
}

function connectOne(): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => {})
}

function get(socket: Socket, id: string): Promise<void> {
  socket.write(`GET /catalogue?page=4 HTTP/1.1\r\n${FIELDS}\r\nX-Id: ${id}\r\n\r\n`)
  return answered(socket, `${id} 0`)
}

function upload(socket: Socket): Promise<void> {
  // Head and body leave together, so that the proxy's first read gets as much of the body as it can.
  socket.cork()
  socket.write(`POST /photos HTTP/1.1\r\n${FIELDS}\r\nX-Id: up\r\nContent-Length: ${bodyBytes}\r\n\r\n`)
  let left = bodyBytes
  const more = (): void => {
    while (left > 0) {
      const piece = PIECE.subarray(0, left)
      left -= piece.length
      // Called when the system has it, which is sooner than the proxy.
      if (!socket.write(piece, () => (taken += piece.length))) return void socket.once('drain', more)
    }
  }
  more()
  socket.uncork()
  return answered(socket, `up ${bodyBytes}`)
}

function answered(socket: Socket, expected: string): Promise<void> {
  return new Promise(resolve => {
    let received = Buffer.alloc(0)
    const end = (failure?: string): void => {
      socket.off('data', read).off('close', onClose)
      if (failure !== undefined && ++failed <= 5) problems.push(failure)
      resolve()
    }
    const onClose = (): void => end('the connection broke')
    const read = (piece: Buffer): void => {
      received = Buffer.concat([received, piece])
      const got = readAnswer(received)
      if (got === undefined) return
      const body = got.body.toString('latin1')
      end(got.status === 200 && body === expected ? undefined : `${got.status} ${body}`)
    }
    socket.on('data', read).on('close', onClose)
  })
}
