import { serveNative } from '../hop/candidates/native.js'

await serveNative({
  command: 'haproxy',
  config: '../hold/haproxy.cfg',
  args: path => ['-db', '-f', path],
  versionFlag: '-v',
  debian: 'haproxy'
})
