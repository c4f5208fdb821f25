/** What a value is once it has been sent by {@link toJson} and read. */
export type Json<T> = T extends undefined
  ? null
  : T extends object
    ? { readonly [Name in keyof T]: Json<T[Name]> }
    : T

/** A value as the API sends it: what is not known is null, rather than missing. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (part === undefined ? null : part))
}
