// The example `migration`, as an operator runs it. Arguments: its folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { FromSite, ToSite } from './site-protocol.js'

const [folder = ''] = process.argv.slice(2)
const server = spawn(process.execPath, ['server.js'], {
  cwd: folder,
  env: { ...process.env, PORT: '0', DATA: join(folder, 'data') },
  stdio: ['ignore', 'pipe', 'inherit']
})
const gone = once(server, 'exit')
let output = ''
server.stdout.setEncoding('utf8').on('data', (piece: string) => {
  output += piece
  const port = /listening on http:\/\/localhost:(\d+)/.exec(piece)?.[1]
  if (port !== undefined) tell({ type: 'listening', port: Number(port) })
})

process.once('disconnect', () => {
  server.kill('SIGTERM')
  void gone.then(() => process.exit())
})
process.on('message', ({ type, release }: ToSite) => {
  const began = performance.now()
  const socketPath = join(folder, 'data/admin.sock')
  request({ socketPath, method: 'POST', agent: false }, res => {
    void text(res).then(said => {
      const migrationMs = Number(/migrated in ([\d.]+)/.exec(output)?.[1])
      tell({ type, status: res.statusCode ?? 0, said, tookMs: performance.now() - began, migrationMs })
    })
  }).end(release)
})

function tell(message: FromSite): void {
  process.send?.(message)
}
