/** Text of a client's as it may stand in a line, within quotes or not: one line, without anything that a terminal obeys. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, char =>
    char === '"' || char === '\\' ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  )
}

/** JSON without what a terminal would obey, or take for the end of a line, though JSON allows it. */
export function escapeJson(json: string): string {
  return json.replace(ODD_IN_JSON, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Clients' bytes are read as Latin-1: what is beyond ASCII may be a part of something else. */
const UNSAFE = /[\x00-\x1f"\\\x7f-\uffff]/g
const ODD_IN_JSON = /[\x7f-\x9f\u2028\u2029]/g
