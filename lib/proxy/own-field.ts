import type { ServerResponse } from 'node:http'

const OWN = Symbol('a field of ours')

interface Marked {
  [OWN]?: readonly [name: string, value: string]
}

/**
 * Gives an answer a field of ours, unless the upstream's has it too. By `res.setHeader` it would cost more than all that
 * the head takes otherwise; but an answer that no upstream gives does not get it.
 */
export function setOwnField(res: ServerResponse, name: string, value: string): void {
  ;(res as Marked)[OWN] = [name, value]
}

/** The fields of an upstream's answer, with ours. */
export function withOwnField(res: ServerResponse, fields: readonly string[]): readonly string[] {
  const own = (res as Marked)[OWN]
  if (own === undefined) return fields
  const [name] = own
  const lower = name.toLowerCase()
  const isThere = fields.some(
    (text, i) => i % 2 === 0 && text.length === lower.length && text.toLowerCase() === lower
  )
  return isThere ? fields : [...fields, ...own]
}
