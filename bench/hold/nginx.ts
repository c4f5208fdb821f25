import { serveNative } from '../hop/candidates/native.js'

await serveNative({
  command: 'nginx',
  config: '../hold/nginx.conf',
  args: (path, folder) => ['-p', folder, '-c', path],
  versionFlag: '-v',
  debian: 'nginx-light'
})
