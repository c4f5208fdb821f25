import { serveNative } from './native.js'

await serveNative({
  command: 'nginx',
  config: 'nginx.conf',
  args: (path, folder) => ['-p', folder, '-c', path],
  versionFlag: '-v',
  debian: 'nginx-light'
})
