import { serveNative } from './native.js'

await serveNative({
  command: 'haproxy',
  config: 'haproxy.cfg',
  args: path => ['-db', '-f', path],
  versionFlag: '-v',
  debian: 'haproxy'
})
