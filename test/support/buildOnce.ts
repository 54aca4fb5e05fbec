import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

/** Builds `out/` before tests that run the built program; a no-op when it is fresh. */
export default function buildOnce(): void {
  if (process.env.QUERENT_SKIP_BUILD) return
  execFileSync(process.execPath, [resolve(import.meta.dirname, '../../scripts/build.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
}
