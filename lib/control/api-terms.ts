/** What the library calls a thing, and what it is called in the body of a call. */
const TERMS: readonly (readonly [RegExp, string])[] = [
  [/^scale\(n\): n\b/, 'workers'],
  [/^upstreams\.(\w+)\(target\): target\b/, '$1'],
  [/^[\w.]+\((?:\w+, )?\{ (\w+) \}\)/, '$1']
]

/** A message of the library's, which begins with the option or argument that it is about, in terms of the API. */
export function inApiTerms(message: string): string {
  const found = TERMS.find(([pattern]) => pattern.test(message))
  return found === undefined ? message : message.replace(...found)
}
