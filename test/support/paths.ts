import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

export const rootDir = resolve(import.meta.dirname, '../..')
export const builtMain = (entry: 'index' | 'lab' | 'job' | 'cli'): string => resolve(rootDir, `out/main/${entry}.js`)
export const cliBin = resolve(rootDir, 'bin/querent.mjs')
export const resourcesDir = resolve(rootDir, 'resources')
export const referenceFile = (name: string): string => resolve(rootDir, 'test/reference/data', `${name}.json`)

/** The system's Chromium; browser tests skip without it, or fail where `REQUIRE_BROWSER=1` says that it must be there. */
export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
export const hasChromium = existsSync(chromiumPath)
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
