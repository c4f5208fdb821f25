import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8'
}

/** What the package uplot brings, and what it is called here. */
const UPLOT = { '/uplot.js': 'uplot/dist/uPlot.iife.min.js', '/uplot.css': 'uplot/dist/uPlot.min.css' }

/** The page as it is sent, by path. Read once: an upgrade of the package must not mix two versions. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, { readonly type: string; readonly body: Buffer }>

  constructor() {
    const folder = fileURLToPath(new URL('page/', import.meta.url))
    const { resolve } = createRequire(import.meta.url)
    const own = readdirSync(folder)
      .filter(name => Object.hasOwn(TYPES, extname(name)))
      .map(name => [name === 'index.html' ? '/' : `/${name}`, join(folder, name)] as const)
    const theirs = Object.entries(UPLOT).map(([path, module]) => [path, resolve(module)] as const)
    this.#files = new Map(
      [...own, ...theirs].map(([path, file]) => [
        path,
        { type: TYPES[extname(file)] ?? 'application/octet-stream', body: readFileSync(file) }
      ])
    )
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  /** @returns false: there is no such file */
  send(path: string, req: IncomingMessage, res: ServerResponse): boolean {
    const file = this.#files.get(path)
    if (file === undefined) return false
    res.writeHead(200, {
      'Content-Type': file.type,
      'Content-Length': file.body.length,
      'Cache-Control': 'no-store'
    })
    res.end(req.method === 'HEAD' ? undefined : file.body)
    return true
  }
}
