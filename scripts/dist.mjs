// `npm run dist`: installers for this platform. Fetches the Electron distribution and the packagers' tools.
import { at, ensureBuilt, ensureInstalled, run } from './lib.mjs'

ensureInstalled()
await ensureBuilt()
const { code } = await run(process.execPath, [
  at('node_modules', 'electron-builder', 'cli.js'),
  '--publish',
  'never',
  ...process.argv.slice(2),
])
process.exit(code)
