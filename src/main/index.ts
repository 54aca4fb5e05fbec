import { fileURLToPath } from 'node:url'
import process from 'node:process'
import { app } from 'electron'
import { startDesktop } from './electron/desktop'
import { staticFile } from './node/server/staticFiles'
import { writeAtomic } from './node/storage/files'
import { defaultWorkspace } from './node/workspace/location'

const built = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const developmentUrl = app.isPackaged ? undefined : process.env.ELECTRON_RENDERER_URL

// Not awaited: Electron gets ready only after this module has loaded.
void startDesktop({
  labEntry: built('./lab.js'),
  jobEntry: built('./job.js'),
  preload: built('../preload/index.cjs'),
  workspace: defaultWorkspace(),
  platform: process.platform,
  developmentUrl,
  serveFile: (pathname) => staticFile(built('../renderer'), pathname, "'self'"),
  writeFile: writeAtomic,
  // `npm start` waits for this word; without it, it falls back to the browser.
  onReady: () => process.send?.('ready'),
})
