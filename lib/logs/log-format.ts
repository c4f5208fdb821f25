/** How lines look: for people, for programs, or as they come. */
export type LogFormat = (typeof LOG_FORMATS)[number]

export const LOG_FORMATS = ['pretty', 'json', 'raw'] as const

/** How they look on a stream where nobody has said it. */
export function logFormatOf(stream: { readonly isTTY?: boolean }): LogFormat {
  return stream.isTTY === true ? 'pretty' : 'json'
}
