import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8'
}

/** What the package uplot brings, and what it is called here. */
const UPLOT = { '/uplot.js': 'uplot/dist/uPlot.iife.min.js', '/uplot.css': 'uplot/dist/uPlot.min.css' }

interface PageFile {
  readonly type: string
  readonly body: Buffer
  readonly zipped: Buffer
}

/** The page as it is sent, by path. Read once: an upgrade of the package must not mix two versions. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>

  constructor() {
    const folder = fileURLToPath(new URL('page/', import.meta.url))
    const { resolve } = createRequire(import.meta.url)
    const own = readdirSync(folder)
      .filter(name => Object.hasOwn(TYPES, extname(name)))
      .map(name => [name === 'index.html' ? '/' : `/${name}`, join(folder, name)] as const)
    const theirs = Object.entries(UPLOT).map(([path, module]) => [path, resolve(module)] as const)
    this.#files = new Map([...own, ...theirs].map(([path, file]) => [path, readPageFile(file)]))
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  /** @returns false: there is no such file */
  send(path: string, req: IncomingMessage, res: ServerResponse): boolean {
    const file = this.#files.get(path)
    if (file === undefined) return false
    const takesZipped = /\bgzip\b(?!\s*;\s*q=0)/.test(req.headers['accept-encoding'] ?? '')
    const body = takesZipped ? file.zipped : file.body
    res.writeHead(200, {
      'Content-Type': file.type,
      'Content-Length': body.length,
      ...(takesZipped && { 'Content-Encoding': 'gzip' }),
      Vary: 'Accept-Encoding',
      'Cache-Control': 'no-store'
    })
    res.end(req.method === 'HEAD' ? undefined : body)
    return true
  }
}

function readPageFile(file: string): PageFile {
  const body = readFileSync(file)
  return { type: TYPES[extname(file)] ?? 'application/octet-stream', body, zipped: gzipSync(body) }
}
