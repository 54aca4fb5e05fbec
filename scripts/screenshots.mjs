// `npm run screenshots [-- --out DIR]`: every page of the served app after a real run of the sample study, light and dark.
// `docs/images/compare.png` of the README is the light Compare page.
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { at, ensureBuilt, ensureInstalled, note } from './lib.mjs'

const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const pages = ['projects', 'data', 'design', 'runs', 'compare', 'explore', 'export', 'settings']

ensureInstalled()
await ensureBuilt()
if (!existsSync(chromiumPath)) {
  note(`No browser at ${chromiumPath}; set CHROMIUM_PATH.`)
  process.exit(1)
}
const flag = process.argv.indexOf('--out')
const out = resolve(flag < 0 ? at('test-results', 'screenshots') : process.argv[flag + 1])
mkdirSync(out, { recursive: true })

const { chromium } = await import('playwright-core')
const workspace = mkdtempSync(join(tmpdir(), 'querent-shots-'))
const host = spawn(process.execPath, [at('out', 'main', 'cli.js'), 'serve', '--workspace', workspace], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise((done) => host.stdout.once('data', (line) => done(String(line).trim())))
const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(url)
  await page.getByRole('link', { name: 'Design' }).click()
  await page.getByRole('button', { name: /^Run/ }).first().click()
  await page.getByText('1 notice').waitFor({ timeout: 300_000 })
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    for (const name of pages) {
      await page.goto(`${new URL(url).origin}/#/${name}`)
      await page.waitForTimeout(name === 'export' ? 3000 : 1200)
      await page.screenshot({ path: join(out, `${name}-${scheme}.png`) })
    }
  }
  mkdirSync(at('docs', 'images'), { recursive: true })
  copyFileSync(join(out, 'compare-light.png'), at('docs', 'images', 'compare.png'))
  note(`Screenshots are in ${out}.`)
} finally {
  await browser.close()
  host.kill('SIGTERM')
  await new Promise((done) => host.on('exit', done))
  rmSync(workspace, { recursive: true, force: true })
}
