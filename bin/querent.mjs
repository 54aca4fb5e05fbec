#!/usr/bin/env node
// The command line. From a checkout it builds itself when the sources changed; an installed package ships `out/`.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const inside = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

if (existsSync(inside('src'))) {
  const { ensureBuilt, ensureInstalled } = await import('../scripts/lib.mjs')
  ensureInstalled()
  await ensureBuilt()
}
await import(new URL('../out/main/cli.js', import.meta.url).href)
