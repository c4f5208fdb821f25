import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isSecure } from './client.js'
import { RecentMap } from './recent-map.js'

/** 12 random bytes, and the 32 of their signature, in base64url. */
const VALUE = /^([\w-]{16})\.([\w-]{43})$/
const MAX_SIGNATURES = 20_000

/**
 * A cookie that tells clients apart: a random name for each, signed, so that nobody can choose one and
 * with it the worker. It says nothing of workers, so it is set once and stays true over reloads.
 */
export class StickyCookie {
  readonly #name: string
  readonly #secret: string | Buffer
  readonly #trust: (address: string) => boolean
  /** By id: to compute one takes 3 us, a good part of what the whole hop costs. */
  readonly #signatures = new RecentMap<Buffer>(MAX_SIGNATURES)

  /**
   * @param secret undefined: a random one, known to this process only
   * @param trust whose `X-Forwarded-Proto` is believed
   */
  constructor(name: string, secret: string | undefined, trust: (address: string) => boolean) {
    this.#name = name
    this.#secret = secret ?? randomBytes(32)
    this.#trust = trust
  }

  /** The client's id, if it has sent one that we signed. */
  read(req: IncomingMessage): string | undefined {
    const { cookie } = req.headers
    if (cookie === undefined || !cookie.includes(this.#name)) return undefined
    for (const pair of cookie.split(';')) {
      const at = pair.indexOf('=')
      if (at === -1 || pair.slice(0, at).trim() !== this.#name) continue
      const [, id, signature] = VALUE.exec(pair.slice(at + 1).trim()) ?? []
      if (id === undefined || signature === undefined) continue
      if (timingSafeEqual(this.#sign(id), Buffer.from(signature, 'base64url'))) return id
    }
    return undefined
  }

  /** A new id, and the value of the Set-Cookie that gives it to the client. */
  issue(req: IncomingMessage): { id: string; setCookie: string } {
    const id = randomBytes(12).toString('base64url')
    const value = `${id}.${this.#sign(id).toString('base64url')}`
    const secure = isSecure(req, this.#trust) ? '; Secure' : ''
    return { id, setCookie: `${this.#name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}` }
  }

  #sign(id: string): Buffer {
    const known = this.#signatures.get(id)
    if (known !== undefined) return known
    const signature = createHmac('sha256', this.#secret).update(`${this.#name}=${id}`).digest()
    this.#signatures.set(id, signature)
    return signature
  }
}
