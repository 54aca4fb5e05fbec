import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { builtMain, hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')

const folder = mkdtempSync(join(tmpdir(), 'querent-report-'))
const url = pathToFileURL(join(folder, 'results/report.html')).href

test.beforeAll(() => {
  const study = `study: page
dataset: wine
model: { type: linear }
training: { epochs: 5, minSteps: 5 }
protocol: { seeds: 2, initial: 8, query: 4, rounds: 2 }
strategies: [random, margin, { id: entropy, name: "<i>&amp;" }]
ablate: { training.weightStart: [reinit-fresh, carry] }
metrics: [accuracy, ece]
`
  writeFileSync(join(folder, 'study.yaml'), study)
  const run = (...args: string[]) => execFileSync(process.execPath, [builtMain('cli'), ...args], { cwd: folder, stdio: 'pipe' })
  run('run', 'study.yaml', '--out', 'results')
  run('report', 'results', '--html')
})
test.afterAll(() => rmSync(folder, { recursive: true, force: true }))

for (const colorScheme of ['light', 'dark'] as const)
  test(`the report opens from a disk, silently and without a network, in ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme })
    const said: string[] = []
    const asked: string[] = []
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(url)
    await expect(page.locator('html.ready')).toBeAttached()
    await expect(page.locator('#figure-learning-curves svg')).toContainText('<i>&amp;')
    await expect(page.getByRole('table').first()).toContainText('<i>&amp;')
    expect(said).toEqual([])
    expect(asked.filter((address) => !address.startsWith('data:'))).toEqual([url])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([])
  })

test('its figures follow metric, levels and strategies, and have their numbers beside them', async ({ page }) => {
  await page.goto(url)
  const figure = page.locator('#figure-learning-curves')
  await page.getByLabel('Metric').selectOption('ece')
  await expect(figure.locator('svg')).toContainText('expected calibration error')
  await page.getByLabel('Weights').selectOption({ label: 'warm' })
  await expect(figure.locator('svg')).not.toContainText('cold')
  await page.getByRole('checkbox', { name: 'margin' }).uncheck()
  await expect(figure.locator('svg')).not.toContainText('margin')
  await figure.getByText('Numbers of this figure').click()
  await expect(figure.getByRole('table').getByRole('row')).toHaveCount(1 + 2 * 3)
  await figure.locator('.chart').hover()
  await expect(figure.getByText(/\d+ labels/)).toBeVisible()
})
