/** What each path makes the worker send, and whether it closes its connection afterwards. */
export const ANSWERS: Readonly<Record<string, readonly [bytes: string, then?: 'end' | 'reset']>> = {
  'a length': ['HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi'],
  'no date': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
  'no reason': ['HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi'],
  'an odd status and reason': ['HTTP/1.1 299 \xe4 b\tc\r\nContent-Length: 0\r\n\r\n'],
  'repeated fields': [
    'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nX: 1\r\nset-cookie: b\r\nX: 2\r\nContent-Length: 0\r\n\r\n'
  ],
  'bytes above 7F': ['HTTP/1.1 200 OK\r\nX: \xe4\xff\x80\r\nContent-Length: 3\r\n\r\n\x00\xff\x80'],
  'its own persistence': [
    'HTTP/1.1 200 OK\r\nConnection: keep-alive, X\r\nKeep-Alive: timeout=99\r\nX: 1\r\nContent-Length: 0\r\n\r\n'
  ],
  'a wish to close': ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi', 'end'],
  chunks: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: 1\r\n\r\n'
  ],
  'no chunk but the last': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  'an end by close': ['HTTP/1.1 200 OK\r\n\r\nhello', 'end'],
  'an empty body ended by close': ['HTTP/1.1 200 OK\r\n\r\n', 'end'],
  'HTTP/1.0': ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', 'end'],
  '204': ['HTTP/1.1 204 No Content\r\n\r\n'],
  '204 with a length': ['HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n'],
  '304 with a length': ['HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 20\r\n\r\n'],
  '304 with chunks': ['HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n'],
  'early hints': [
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
  ],
  'an interim answer': ['HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
  'a needless 100': ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
  'a large body': [`HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n${'0123456789abcdef'.repeat(500)}`],
  'no HTTP': ['SSH-2.0-x\r\n\r\n'],
  'a length and chunks': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi'],
  'an unwanted 101': ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  'half a head': ['HTTP/1.1 200 OK\r\nContent-', 'end'],
  nothing: ['', 'end'],
  'half a body': ['HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhello', 'reset'],
  'half a chunk': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello', 'end'],
  'a bad chunk': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n'],
  'bytes behind the answer': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n']
}

/** Where test/fixtures/scripted.cjs sends these bytes. */
export function sayPath(bytes: string, then?: 'end' | 'reset'): string {
  return `/say/${Buffer.from(bytes, 'latin1').toString('base64url')}${then === undefined ? '' : `/${then}`}`
}
