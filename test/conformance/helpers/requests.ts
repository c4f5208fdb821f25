/**
 * The targets of the requests in what a worker received, as one reads them who keeps to RFC 9112 strictly.
 * What follows a request for an upgrade belongs to the other protocol.
 */
export function targetsIn(text: string): string[] {
  const targets: string[] = []
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) return targets
    const [line = '', ...fields] = text.slice(at, end).split('\r\n')
    targets.push(line.split(' ')[1] ?? '')
    const values = (name: string): string[] =>
      fields
        .filter(field => field.toLowerCase().startsWith(`${name}:`))
        .map(field => field.slice(name.length + 1).trim())
    const lengths = values('content-length')
    const codings = values('transfer-encoding')
    if (lengths.length + codings.length > 1)
      throw new Error(`the worker got a request of two lengths: ${text.slice(at, end)}`)
    if (values('upgrade').length > 0) return targets
    at = codings.length > 0 ? endOfChunks(text, end + 4) : end + 4 + Number(lengths[0] ?? 0)
  }
  return targets
}

function endOfChunks(text: string, at: number): number {
  for (;;) {
    const match = /^([0-9a-fA-F]+)\r\n/.exec(text.slice(at, at + 20))
    if (match === null) return text.length
    const size = parseInt(match[1] ?? '', 16)
    if (size === 0) return text.indexOf('\r\n\r\n', at) + 4
    at += match[0].length + size + 2
  }
}
