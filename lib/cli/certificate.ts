import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import { headline } from './format.js'
import type { TlsFiles } from './options.js'
import type { Output } from './output.js'
import { readTls, type TlsMaterial } from './tls.js'

/**
 * How often the files are looked at, in milliseconds. Looking finds every way of renewal: in place, by rename,
 * by a link that points elsewhere, here or in the path above, on this machine or another.
 */
const LOOK_MS = 2000
/** Certificate and key change one after the other: two that do not fit may wait so long for the other. */
const PATIENCE_MS = 10_000

/** What a certificate is for: new connections take the new one, those that are open keep theirs. */
export interface SecureServer {
  setSecureContext(options: SecureContextOptions): unknown
}

/** The certificate and key in two files, which may be renewed while the server uses them. */
export class Certificate {
  readonly #files: TlsFiles
  readonly #lookMs: number
  readonly #patienceMs: number
  #material: TlsMaterial
  #server: SecureServer | undefined
  #out: Output | undefined
  #patience: NodeJS.Timeout | undefined
  #looking: NodeJS.Timeout | undefined
  /** What the files looked like when they were read last. */
  #seen = ''
  #told = ''

  /** @throws {OptionError} `UP_ERR_OPTION`: see {@link readTls} */
  constructor(files: TlsFiles, { lookMs = LOOK_MS, patienceMs = PATIENCE_MS } = {}) {
    this.#files = files
    this.#lookMs = lookMs
    this.#patienceMs = patienceMs
    this.#material = readTls(files)
  }

  /** What is in use. */
  get material(): TlsMaterial {
    return this.#material
  }

  /** Gives the server what is renewed from now on. */
  watch(server: SecureServer, out: Output): void {
    this.#server = server
    this.#out = out
    // Not by fs.watchFile: what changes before its own first look it never tells.
    this.#looking = setInterval(() => this.#look(), this.#lookMs).unref()
    this.#look()
  }

  /** Looks at the files now. Bad ones leave the old in use, which is told. */
  refresh(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#renew(error => this.#tell(`the old certificate stays in use: ${headline(error)}`))
  }

  close(): void {
    clearTimeout(this.#patience)
    clearInterval(this.#looking)
  }

  #look(): void {
    const seen = `${traceOf(this.#files.cert)}, ${traceOf(this.#files.key)}`
    if (seen === this.#seen) return
    this.#seen = seen
    this.#renew(() => {
      this.#patience ??= setTimeout(() => this.refresh(), this.#patienceMs).unref()
    })
  }

  #renew(onBad: (error: unknown) => void): void {
    try {
      const { cert, key } = readTls(this.#files)
      clearTimeout(this.#patience)
      this.#patience = undefined
      this.#told = ''
      if (cert.equals(this.#material.cert) && key.equals(this.#material.key)) return
      this.#server?.setSecureContext({ cert, key })
      this.#material = { cert, key }
      this.#out?.good(`the certificate was renewed: valid until ${new X509Certificate(cert).validTo}`)
    } catch (error) {
      onBad(error)
    }
  }

  /** The same once. */
  #tell(text: string): void {
    if (text !== this.#told) this.#out?.error(text)
    this.#told = text
  }
}

/** Differs when the file at the end of the path is another, or has been written to; also when it cannot be reached. */
function traceOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch (error) {
    return String(error)
  }
}
