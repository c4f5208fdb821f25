import fc from 'fast-check'

/** What makes a message bad where it does not belong. */
export const SNIPPET = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\0',
    '\t',
    ' ',
    '\r\n ',
    '\r\n\t',
    ':',
    ',',
    ';',
    '0',
    'x',
    '\x7f',
    '\x80',
    '\xff',
    '\r\n\r\n',
    '\n\n',
    'HTTP/1.1 ',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    '0\r\n\r\n'
  )
)
interface Mutation {
  readonly kind: 'insert' | 'replace' | 'delete' | 'repeat' | 'flip'
  readonly at: number
  readonly snippet: string
  readonly count: number
}
const MUTATION: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('insert', 'replace', 'delete', 'repeat', 'flip'),
  at: fc.nat(0xffff),
  snippet: SNIPPET,
  count: fc.integer({ min: 1, max: 8 })
})

/** The texts with one to three faults. */
export function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(MUTATION, { minLength: 1, maxLength: 3 }))
    .map(([text, mutations]) => mutations.reduce(mutate, text))
}

function mutate(text: string, { kind, at, snippet, count }: Mutation): string {
  const i = at % (text.length + 1)
  switch (kind) {
    case 'insert':
      return text.slice(0, i) + snippet + text.slice(i)
    case 'replace':
      return text.slice(0, i) + snippet + text.slice(i + snippet.length)
    case 'delete':
      return text.slice(0, i) + text.slice(i + count)
    case 'repeat':
      return text.slice(0, i + count * 4) + text.slice(i)
    case 'flip':
      return i === text.length
        ? text
        : text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << (count - 1))) + text.slice(i + 1)
  }
}
