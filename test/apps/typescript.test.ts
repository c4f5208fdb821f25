import { prove, type App } from '../helpers/apps/prove.js'

const app: App = {
  folder: 'typescript',
  main: 'app.ts',
  nodeArgs: ['--import', 'tsx'],
  // It would stay in the folder for temporary files.
  env: () => ({ TSX_DISABLE_CACHE: '1' })
}

prove('TypeScript by -r tsx', { ...app, upArgs: ['-r', 'tsx'] })
prove('TypeScript by --node-arg', { ...app, upArgs: ['--node-arg=--import=tsx'] })
