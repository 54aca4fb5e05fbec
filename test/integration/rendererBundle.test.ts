import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { rootDir } from '../support/paths'

const folder = join(rootDir, 'out/renderer')
const assets = readdirSync(join(folder, 'assets'))
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(join(folder, 'assets', name))).length }))
  .sort((a, b) => b.bytes - a.bytes)
const total = (chunks: readonly { readonly bytes: number }[]): number => chunks.reduce((sum, { bytes }) => sum + bytes, 0)
const said = assets
  .slice(0, 12)
  .map(({ name, bytes }) => `${name} ${(bytes / 1000).toFixed(0)} kB`)
  .join(', ')

test('the workbench is at most 1.5 MB compressed, what starts it a fifth of that', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8')
  const first = assets.filter(({ name }) => html.includes(name))
  expect(first.length).toBeGreaterThan(2)
  expect(total(first), said).toBeLessThan(300_000)
  expect(total(assets), said).toBeLessThan(1_500_000)
})
