import type { Head, Reading } from './reading.js'

/** A class of responses that llhttp takes and we refuse. */
export interface Strictness {
  /** What it is, and why no honest server is hurt. */
  readonly title: string
  /** Our refusal. */
  readonly refusal: RegExp
  /** Whether the response, as it was sent or as llhttp read it, is of this class. */
  readonly holds: (text: string, llhttp: Reading) => boolean
  readonly example: string
  /** Whether llhttp takes it only in some of its versions. */
  readonly byMistake?: boolean
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const EMPTY = `${OK}Content-Length: 0\r\n\r\n`

export const STRICTNESS: readonly Strictness[] = [
  {
    title: 'an empty line before the status line: RFC 9112 section 2.2 forgives it in requests only',
    refusal: /status line is ""|begins with "\\[rn]|out of place, at the end of ".*\\[rn]/,
    holds: text => /^[\r\n]|\r\n\r\n[\r\n]/.test(text),
    example: `\r\n${EMPTY}`
  },
  {
    title: 'HTTP/0.9 and HTTP/2.0: neither has such a status line',
    refusal: /(status line is|begins with) "HTTP\/(0\.9|2\.0)/,
    holds: text => /HTTP\/(0\.9|2\.0) \d/.test(text),
    example: 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'
  },
  {
    title: 'ICE and RTSP: other protocols',
    refusal: /(status line is|begins with) "(I(C(E\/?)?)?|R(T(S(P\/?)?)?)?|ICE\/.*|RTSP\/.*)"/,
    holds: text => /(^|[\r\n])(I|R)/.test(text),
    example: 'ICE/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'
  },
  {
    title: 'a status below 100: RFC 9110 section 15 has none',
    refusal: /status line is "HTTP\/1\.[01] 0\d\d/,
    holds: text => /HTTP\/1\.[01] 0\d\d/.test(text),
    example: 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n'
  },
  {
    title:
      'a control character in the reason: RFC 9112 section 4, and node:http throws when it is to write one',
    refusal: /out of place/,
    holds: text => /\/\d\.\d \d{3} [^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text),
    example: 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'
  },
  {
    title: 'CR CR as the end of the status line, which llhttp takes by mistake: RFC 9112 section 2.2',
    refusal: /out of place/,
    holds: text => /\/\d\.\d \d{3}[^\r\n]*\r\r/.test(text),
    example: 'HTTP/1.1 200 OK\r\rContent-Length: 0\r\n\r\n',
    byMistake: true
  },
  {
    title: 'a Transfer-Encoding but `chunked`: our TE offers no other (RFC 9112 section 7.4)',
    refusal: /Transfer-Encoding is/,
    holds: (_text, llhttp) =>
      heads(llhttp).some(head => {
        const codings = values(head, 'transfer-encoding')
        return codings.length > 1 || codings.some(coding => coding.toLowerCase() !== 'chunked')
      }),
    example: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`
  },
  {
    title: 'Transfer-Encoding in HTTP/1.0: its framing is faulty (RFC 9112 section 6.1)',
    refusal: /HTTP\/1\.0 and has Transfer-Encoding/,
    holds: (text, llhttp) =>
      text.includes('HTTP/1.0') && heads(llhttp).some(head => values(head, 'transfer-encoding').length > 0),
    example: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
  },
  {
    title:
      'a Content-Length beyond what JavaScript counts exactly, which is 9 petabytes, or of over 16 digits',
    refusal: /Content-Length is "\d{16,}"/,
    holds: (_text, llhttp) =>
      heads(llhttp).some(head =>
        values(head, 'content-length').some(
          value => /^\d{16,}$/.test(value) && (value.length > 16 || !Number.isSafeInteger(Number(value)))
        )
      ),
    example: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9007199254740992\r\n\r\n'
  },
  {
    title: 'a tab in a framing field: parsers differ in whether it belongs to the value',
    refusal: /has a tab/,
    holds: text => /(content-length|transfer-encoding):[^\r\n]*\t/i.test(text),
    example: `${OK}Content-Length:\t0\r\n\r\n`
  },
  {
    title: 'an interim answer that announces a body: RFC 9110 section 8.6, RFC 9112 section 6.1',
    refusal: /interim \(\d+\) and announces a body/,
    holds: (_text, { interim }) =>
      interim.some(
        head =>
          values(head, 'transfer-encoding').length > 0 ||
          values(head, 'content-length').some(value => Number(value) > 0)
      ),
    example: `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n${EMPTY}`
  },
  {
    title: 'an interim answer that is the last on its connection: llhttp refuses what follows it',
    refusal: /interim \(\d+\) and the last/,
    holds: (text, { interim }) =>
      interim.some(head => !head.persistent) ||
      (interim.length > 0 && Object.values(SHORT_LIVED).some(holds => holds(text))),
    example: 'HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n'
  },
  {
    title: 'a chunk size of over 13 digits: beyond it JavaScript does not count exactly',
    refusal: /chunk size is "[0-9A-Fa-f]{14}/,
    holds: text => /[0-9A-Fa-f]{14}/.test(text),
    example: `${CHUNKED}00000000000001\r\na\r\n0\r\n\r\n`
  },
  {
    title:
      'a chunk extension without a name, with an empty value, or quotes within a word: RFC 9112 section 7.1.1',
    refusal: /chunk size is "[0-9A-Fa-f]+;/,
    holds: text => /;[;=\r]|=[;\r]|=[^;"\r\n]+"/.test(text),
    example: `${CHUNKED}1;=b\r\na\r\n0\r\n\r\n`
  },
  {
    title: 'a chunk line of over 4096 bytes: extensions have no use behind a proxy',
    refusal: /a line of it is too long/,
    holds: text => /[^\r\n]{4095}/.test(text),
    example: `${CHUNKED}1;${'a'.repeat(4096)}\r\na\r\n0\r\n\r\n`
  },
  {
    title: 'trailers of over 16 kB: they are dropped',
    refusal: /trailers are too long/,
    holds: text => text.length > 16_384,
    example: `${CHUNKED}0\r\n${`X: ${'x'.repeat(1000)}\r\n`.repeat(17)}\r\n`
  },
  {
    title: 'a framing field as trailer: RFC 9110 section 6.5.1',
    refusal: /a trailer is a field that must be in the head/,
    holds: text => /\n(content-length|transfer-encoding|(proxy-)?connection):/i.test(text),
    example: `${CHUNKED}0\r\nConnection: keep-alive\r\n\r\n`
  },
  {
    title: 'a head of over 64 kB',
    refusal: /longer than 65536 bytes/,
    holds: text => text.length > 65_536,
    example: `${OK}Content-Length: 0\r\nA: ${'x'.repeat(65_536)}\r\n\r\n`
  },
  {
    title: 'over 100 interim answers',
    refusal: /over 100 interim answers/,
    holds: (_text, { interim }) => interim.length > 100,
    example: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(101) + EMPTY
  }
]

/** Why we close a connection that llhttp would use again. */
export const SHORT_LIVED: Record<string, (text: string) => boolean> = {
  'Proxy-Connection keeps no connection open: RFC 9112 appendix C.2.2': text =>
    /Proxy-Connection:/i.test(text),
  '`close` overrules `keep-alive`, also in HTTP/1.0: RFC 9112 section 9.3': text =>
    text.includes('HTTP/1.0') && /close/i.test(text) && /keep-alive/i.test(text),
  'a tab in Connection: parsers differ in whether it belongs to an option': text =>
    /connection:[^\r\n]*\t/i.test(text)
}

function heads({ interim, head }: Reading): Head[] {
  return head === undefined ? interim : [...interim, head]
}

function values({ fields }: Head, name: string): string[] {
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1]?.toLowerCase() === name)
}
