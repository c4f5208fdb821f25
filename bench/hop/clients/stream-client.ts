// Downloads or uploads, one after the other, over connections of its own. Arguments: which; the port; the bytes.
import { connect } from 'node:net'
import { DOWNLOAD_PATH, UPLOAD_PATH } from '../answers.js'
import { serveClient } from './serve-client.js'

const [kind, port = 0, bytes = 0] = [process.argv[2], ...process.argv.slice(3).map(Number)]
const PIECE = Buffer.alloc(65_536, 'x')
/** Reads into the same memory again and again: this process is not what is measured. */
const READ = Buffer.alloc(262_144)
const IDLE_MS = 30_000

serveClient(0, async seconds => {
  const end = performance.now() + seconds * 1000
  let done = 0
  let failed = 0
  do {
    if (await (kind === 'upload' ? upload() : download())) done++
    else failed++
  } while (performance.now() < end)
  return { done, failed, connections: 0 }
})

/** Resolves with whether the answer is 200 with so many bytes. */
function download(): Promise<boolean> {
  const head = `GET ${DOWNLOAD_PATH}?bytes=${bytes} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n`
  return exchange(head, 0, (head, body) => / 200 /.test(head) && body === bytes)
}

/** Resolves with whether the app says that so many bytes came. */
function upload(): Promise<boolean> {
  const fields = `Host: bench.test\r\nConnection: close\r\nContent-Length: ${bytes}\r\n`
  const head = `POST ${UPLOAD_PATH} HTTP/1.1\r\n${fields}\r\n`
  return exchange(head, bytes, (_head, _body, tail) => tail.includes(String(bytes)))
}

function exchange(
  request: string,
  upload: number,
  isRight: (head: string, body: number, tail: string) => boolean
): Promise<boolean> {
  return new Promise(resolve => {
    let head = ''
    let body = -1
    let tail = ''
    const onRead = (length: number, buffer: Uint8Array): boolean => {
      const piece = Buffer.from(buffer.buffer, buffer.byteOffset, length)
      if (body >= 0) {
        body += length
        if (upload > 0) tail += piece.toString('latin1')
        return true
      }
      head += piece.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return true
      tail = head.slice(end + 4)
      body = tail.length
      head = head.slice(0, end)
      return true
    }
    const socket = connect({ port, host: '127.0.0.1', onread: { buffer: READ, callback: onRead } })
    let left = upload
    const goOn = (): void => {
      while (left > 0) {
        const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE
        left -= piece.length
        if (!socket.write(piece)) return
      }
    }
    socket
      .setTimeout(IDLE_MS, () => socket.destroy())
      .on('error', () => {})
      .on('drain', goOn)
      .on('close', () => resolve(isRight(head, body, tail)))
    socket.write(request)
    goOn()
  })
}
