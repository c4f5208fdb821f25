/** A value as the API sends it: what is not known is null, rather than missing. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (part === undefined ? null : part))
}
