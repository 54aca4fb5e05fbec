// `npm run screenshots [-- --out DIR] [--docs] [--only NAME,NAME]`: every page of the served app after a real run of the sample study,
// light and dark, at 1280 × 800 and 1920 × 1080; labelling is shown on garments without labels, with a first batch. With `--docs`, those
// that README and guide show go, light, into `docs/images`.
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { at, ensureBuilt, ensureInstalled, note } from './lib.mjs'

const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
/** What README and guide show. */
const documented = ['compare', 'data-label', 'data-download']
/** Name of the file, and the page with what its URL says; `steps` below go on from there. */
const pages = {
  projects: 'projects',
  data: 'data?set=digits',
  'data-samples': 'data?set=digits&tab=samples',
  'data-split': 'data?set=digits&tab=split',
  'data-label': 'data?set=garments&tab=label',
  'data-downloads': 'data',
  'data-download': 'data',
  design: 'design',
  'design-yaml': 'design?editor=yaml',
  runs: 'runs',
  compare: 'compare?band=t95',
  'compare-paired': 'compare?band=paired-difference',
  'compare-budget': 'compare?tab=budget',
  'compare-cost': 'compare?tab=cost',
  'compare-classes': 'compare?tab=classes',
  'compare-calibration': 'compare?tab=calibration',
  explore: 'explore',
  'explore-why': 'explore?colour=class&round=3&row=2',
  export: 'export',
  settings: 'settings',
}
const offers = (page) => page.getByRole('region', { name: 'Available to download' })
const steps = {
  'data-downloads': (page) => offers(page).scrollIntoViewIfNeeded(),
  'data-download': async (page) => {
    await offers(page).getByRole('button', { name: 'Download cifar-10…' }).click()
    await page.getByRole('dialog').waitFor()
  },
}
const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
]

ensureInstalled()
await ensureBuilt()
if (!existsSync(chromiumPath)) {
  note(`No browser at ${chromiumPath}; set CHROMIUM_PATH.`)
  process.exit(1)
}
const flag = process.argv.indexOf('--out')
const out = resolve(flag < 0 ? at('test-results', 'screenshots') : process.argv[flag + 1])
mkdirSync(out, { recursive: true })

const only = process.argv.indexOf('--only')
const wanted = only < 0 ? null : process.argv[only + 1].split(',')
const shown = Object.entries(pages).filter(([name]) => wanted?.includes(name) ?? true)

const { chromium } = await import('playwright-core')
const workspace = mkdtempSync(join(tmpdir(), 'querent-shots-'))
const garments = join(workspace, 'garments-idx3-ubyte.gz')
copyFileSync(at('resources', 'data', 'fashion-mnist-6k-train-images-idx3-ubyte.gz'), garments)
execFileSync(
  process.execPath,
  [at('out', 'main', 'cli.js'), 'datasets', 'import', garments, '--unlabelled', '--id', 'garments', '--title', 'Garments'],
  {
    env: { ...process.env, QUERENT_WORKSPACE: workspace },
    stdio: 'ignore',
  },
)
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
  const page = await browser.newPage({ viewport: sizes[0] })
  await page.goto(url)
  await page.getByRole('link', { name: 'Design' }).click()
  await page.getByRole('button', { name: /^Run/ }).first().click()
  await page.getByText('1 notice').waitFor({ timeout: 300_000 })
  await page.goto(`${new URL(url).origin}/#/${pages['data-label']}`)
  await page.getByLabel('Classes').fill('T-shirt, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot')
  await page.getByRole('button', { name: 'Start' }).click()
  await page.getByLabel('Rows of the next batch').fill('24')
  await page.getByRole('button', { name: 'Choose next batch' }).click()
  await page.getByText('chosen before there was any label').waitFor({ timeout: 60_000 })
  await page.getByText('40 runs finished.', { exact: true }).waitFor({ state: 'hidden', timeout: 60_000 })
  await page.mouse.move(0, 0)
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    for (const size of sizes) {
      await page.setViewportSize(size)
      for (const [name, path] of shown) {
        await page.goto(`${new URL(url).origin}/#/${path}`)
        await settled(page)
        await steps[name]?.(page)
        await page.mouse.move(0, 0) // away from rows that would highlight what they stand for
        await page.screenshot({ path: join(out, `${name}-${scheme}-${size.width}.png`) })
        if (steps[name]) await page.keyboard.press('Escape')
      }
    }
  }
  if (process.argv.includes('--docs')) {
    mkdirSync(at('docs', 'images'), { recursive: true })
    for (const [name] of shown)
      if (documented.includes(name)) copyFileSync(join(out, `${name}-light-1280.png`), at('docs', 'images', `${name}.png`))
  }
  note(`Screenshots are in ${out}.`)
} finally {
  await browser.close()
  host.kill('SIGTERM')
  await new Promise((done) => host.on('exit', done))
  rmSync(workspace, { recursive: true, force: true })
}

/** Waits until nothing is loading and drawings have come to rest. */
async function settled(page) {
  await page.waitForTimeout(500)
  await page.locator('main [aria-busy="true"]').first().waitFor({ state: 'detached', timeout: 30_000 })
  await page.waitForTimeout(700)
}
