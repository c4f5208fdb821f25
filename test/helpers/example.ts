import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testFolder } from './program.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PACKAGES = ['better-sqlite3', 'express', 'socket.io', 'tsx', 'ws']

/** The command `up`, as an argument of node. */
export const UP = join(ROOT, 'dist/bin/up.js')

/** A copy of an example, which the test may edit; it finds the packages that examples import. */
export function copyExample(t: TestContext, name: string): string {
  const folder = testFolder(t)
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(ROOT, join(modules, 'up-server'))
  for (const each of PACKAGES) symlinkSync(join(ROOT, 'node_modules', each), join(modules, each))
  const copy = join(folder, name)
  // What somebody has left there who tried the example stays where it is.
  const filter = (path: string): boolean => basename(path) !== 'data'
  cpSync(join(ROOT, 'example', name), copy, { recursive: true, filter })
  return copy
}

/** Replaces a text that the file must contain. */
export function edit(folder: string, file: string, from: string, to: string): void {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`)
  writeFileSync(path, text.replace(from, to))
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The port that the request came from. */
  readonly localPort: number | undefined
}

export interface Question {
  readonly host?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request on a connection of its own. */
export function ask(port: number, path = '/', question: Question = {}): Promise<Answer> {
  const { host, method = 'GET', headers = {}, body } = question
  return new Promise((resolve, reject) => {
    const req = request(
      {
        port,
        host: '127.0.0.1',
        path,
        method,
        agent: false,
        headers: host === undefined ? headers : { ...headers, Host: host }
      },
      res => {
        const { localPort } = res.socket
        let text = ''
        res.setEncoding('utf8')
        res.on('data', (piece: string) => (text += piece))
        res.on('error', reject)
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text, localPort })
        )
      }
    )
    req.on('error', reject)
    req.end(body)
  })
}
