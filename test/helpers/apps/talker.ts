/** Longer than any app may need: who has no answer by then waits in vain. */
export const SILENCE_MS = 20_000

/** A client of an app, which talks over one connection after the other, or over one that stays. */
export interface Talker {
  /** The process that answers. */
  pid(): Promise<number>
  /** Says something, which should come back. */
  echo(text: string): Promise<string>
  /** What the app answers, and what it sees of this client. */
  look(): Promise<Sight>
  /** Connections that the server ended without a word. */
  readonly broken: readonly string[]
  close(): void
}

export interface Sight {
  /** The answer to a usual request, if the app has one. */
  readonly answer?: { readonly status: number; readonly headers: object; readonly body: string }
  readonly client: Client
  /** The port that the client really has, where that can be known. */
  readonly localPort?: number
}

/** What the app says of its client. */
export interface Client {
  readonly address: string
  readonly port?: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly [more: string]: unknown
}
