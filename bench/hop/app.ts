// The app behind every candidate, and the bare one.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'
import { DOWNLOAD_PATH, HELLO, UPLOAD_PATH } from './answers.js'

const PIECE = Buffer.alloc(65_536, 'x')
/** A connection of the bench may be idle between two phases of a row. */
const KEEP_ALIVE_MS = 75_000

const server = createServer((req, res) => {
  // First and without more ado: what this costs is part of every figure.
  if (req.url === '/' && req.method === 'GET') return hello(res)
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://bench.test')
  if (pathname === DOWNLOAD_PATH) download(res, Number(searchParams.get('bytes')))
  else if (pathname === UPLOAD_PATH) upload(req, res)
  else echo(req, res)
})
server.keepAliveTimeout = KEEP_ALIVE_MS

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false })
server.on('upgrade', (req, socket, head) => {
  sockets.handleUpgrade(req, socket, head, ws => {
    ws.on('message', (message, isBinary) => ws.send(message, { binary: isBinary }))
    ws.on('error', () => {})
  })
})

export default server

function hello(res: ServerResponse): void {
  res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': HELLO.length }).end(HELLO)
}

/** The body of a request, when all of it is there: what an app does with JSON. */
function echo(req: IncomingMessage, res: ServerResponse): void {
  const pieces: Buffer[] = []
  req
    .on('data', (piece: Buffer) => pieces.push(piece))
    .on('end', () => {
      const body = Buffer.concat(pieces)
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
    })
}

function download(res: ServerResponse, bytes: number): void {
  res.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes })
  let left = bytes
  const goOn = (): void => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE
      left -= piece.length
      if (!res.write(piece)) {
        res.once('drain', goOn)
        return
      }
    }
    res.end()
  }
  goOn()
}

function upload(req: IncomingMessage, res: ServerResponse): void {
  let bytes = 0
  req
    .on('data', (piece: Buffer) => {
      bytes += piece.length
    })
    .on('end', () => res.end(String(bytes)))
}
