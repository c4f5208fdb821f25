/** To the example `migration`. */
export interface ToSite {
  readonly type: 'deploy'
  readonly release: string
}

export type FromSite =
  | { readonly type: 'listening'; readonly port: number }
  | {
      readonly type: 'deploy'
      readonly status: number
      /** What the admin socket has said. */
      readonly said: string
      readonly tookMs: number
      readonly migrationMs: number
    }
