import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { app } from 'electron'
import { startDesktop } from './electron/desktop'
import { moveSaved, savedOf } from './node/datasets/saved'
import { staticFile } from './node/server/staticFiles'
import { jsonFile } from './node/storage/jsonFile'
import { writeAtomic } from './node/storage/files'
import { defaultWorkspace, libraryOf } from './node/workspace/location'

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
  moveSaved: (saved, path) => moveSaved(savedOf(libraryOf(defaultWorkspace())), saved, path),
  place: jsonFile(join(app.getPath('userData'), 'window.json')),
  updates: jsonFile(join(app.getPath('userData'), 'updates.json')),
  loadUpdater: async () => (await import('electron-updater')).default.autoUpdater,
  // An unpackaged app is started with its own folder as the first argument.
  pathsIn: (argv, cwd) =>
    argv
      .slice(app.isPackaged ? 1 : 2)
      .filter((argument) => !argument.startsWith('-'))
      .map((argument) => resolve(cwd, argument))
      .filter((path) => existsSync(path)),
  argv: process.argv,
  cwd: process.env.INIT_CWD ?? process.cwd(),
  // `npm start` waits for this word; without it, it falls back to the browser.
  onReady: () => process.send?.('ready'),
})
