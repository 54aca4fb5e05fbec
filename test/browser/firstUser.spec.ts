import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type Locator, type Page } from '@playwright/test'
import { hasChromium } from '../support/paths'
import { killed, startHost, type Host } from '../support/servedHost'

/**
 * From the first start to an exported figure of a finished comparison, by what a person who has never seen the app can read on the
 * screen: roles, labels and words. Three seeds instead of ten keep the test short.
 */
test.skip(!hasChromium, 'no Chromium on this machine')
test.describe.configure({ timeout: 180_000 })

const threeMinutes = 180_000
let workspace = ''
let host: Host
let faults: string[] = []
test.beforeEach(async ({ page }) => {
  workspace = mkdtempSync(join(tmpdir(), 'querent-first-'))
  faults = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  host = await startHost(workspace, 0)
})
test.afterEach(async () => {
  await killed(host.child)
  rmSync(workspace, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  expect(faults).toEqual([])
})

const heading = (page: Page, name: string): Locator => page.getByRole('heading', { level: 1, name })
const sample = (page: Page): Locator => page.getByRole('main').getByRole('link', { name: /^Sample/ })
const seeds = (page: Page): Locator => page.getByRole('textbox', { name: 'Seeds' })

async function finished(page: Page): Promise<void> {
  await expect(heading(page, 'Runs')).toBeVisible({ timeout: 20_000 })
  await expect(page.getByText('digits · 12 done')).toBeVisible({ timeout: threeMinutes })
}

async function savesFigure(page: Page, began: number, save: () => Promise<void>): Promise<void> {
  const download = page.waitForEvent('download')
  await save()
  const file = await download
  expect(file.suggestedFilename()).toMatch(/\.pdf$/)
  const bytes = readFileSync(await file.path())
  expect(bytes.subarray(0, 5).toString('latin1')).toBe('%PDF-')
  expect(bytes.length).toBeGreaterThan(5000)
  await expect(page.getByText(/^Saved .*\.pdf$/).first()).toBeVisible()
  expect(Date.now() - began).toBeLessThan(threeMinutes)
}

test('a first figure by the visible words', async ({ page }) => {
  const began = Date.now()
  await page.goto(host.url)
  await expect(heading(page, 'Projects')).toBeVisible()
  await sample(page).click()
  await expect(heading(page, 'Design')).toBeVisible()
  await seeds(page).fill('3')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await finished(page)
  await page.getByRole('main').getByRole('button', { name: 'Compare' }).click()
  await expect(page.getByText('n = 3 paired seeds;')).toBeVisible({ timeout: 20_000 })
  await expect(page.getByRole('heading', { name: 'Area under the curve' })).toBeVisible()
  await page.getByRole('button', { name: 'Export figure' }).click()
  await expect(page.getByRole('img', { name: /learning curves/i })).toBeVisible({ timeout: 20_000 })
  await savesFigure(page, began, () => page.getByRole('button', { name: 'Save figure' }).click())
})

test('a first figure by the keyboard alone', async ({ page }) => {
  const began = Date.now()
  /** Tab until the focus is where the eye is. */
  const tabTo = async (target: Locator): Promise<void> => {
    await expect(target).toBeVisible({ timeout: 20_000 })
    for (let presses = 0; presses < 80; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`Tab does not come to ${String(target)}`)
  }
  await page.goto(host.url)
  await tabTo(sample(page))
  await page.keyboard.press('Enter')
  await tabTo(seeds(page))
  for (let fewer = 0; fewer < 7; fewer++) await page.keyboard.press('ArrowDown')
  await expect(seeds(page)).toHaveValue('3')
  await page.keyboard.press('Control+Enter')
  await finished(page)

  await tabTo(page.getByRole('main').getByRole('button', { name: 'Compare' }))
  await page.keyboard.press('Enter')
  await expect(page.getByText('n = 3 paired seeds;')).toBeVisible({ timeout: 20_000 })
  await tabTo(page.getByRole('tab', { name: 'Curves' }))
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('tab', { name: 'At budget', selected: true })).toBeVisible()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Enter')
  await page.keyboard.press('t')
  await expect(page.getByRole('columnheader', { name: 'strategy' }).first()).toBeVisible()
  await page.keyboard.press('t')
  // Shift and Tab go back to the head of the page.
  const exporter = page.getByRole('button', { name: 'Export figure' })
  for (let presses = 0; presses < 40 && !(await exporter.evaluate((element) => element === document.activeElement)); presses++)
    await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('img', { name: /learning curves/i })).toBeVisible({ timeout: 20_000 })
  await savesFigure(page, began, () => page.keyboard.press('Control+s'))
})
