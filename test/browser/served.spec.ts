import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { atMost } from '../support/longestTask'
import { hasChromium } from '../support/paths'
import { killed, startHost, type Host } from '../support/servedHost'

test.skip(!hasChromium, 'no Chromium on this machine')

let workspace = ''
let host: Host | null = null
test.beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'querent-served-'))
})
test.afterEach(async () => {
  if (host) await killed(host.child)
  rmSync(workspace, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

async function saved(page: Page, button: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: button }).click()
  const file = await download
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

test('the first page is painted within a second', { tag: '@alone' }, async ({ browser }) => {
  host = await startHost(workspace, 0)
  const times: number[] = []
  // The best of three, because other programs share the machine.
  const page = await browser.newPage()
  await page.goto(host.url)
  for (let visit = 0; visit < 3; visit++) {
    await expect(heading(page, 'Projects')).toBeVisible({ timeout: 20_000 })
    times.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime))
    await page.reload()
  }
  await page.close()
  expect(Math.min(...times), times.join(', ')).toBeLessThan(atMost(1000))
})

test('the sample runs live, is compared, exported and outlives its host', async ({ page }) => {
  test.setTimeout(180_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // While the host is away the browser reports every attempt to reach it; without a graphics card, that it reads drawings back slowly.
    const expected = /ERR_CONNECTION_REFUSED|WebSocket|GL Driver Message .* ReadPixels/
    if (['error', 'warning'].includes(message.type()) && !expected.test(message.text())) faults.push(message.text())
  })
  host = await startHost(workspace, 0)
  await page.goto(host.url)
  await page.getByRole('link', { name: /^Sample/ }).click()

  // The same study, six seeds short enough for a test.
  await page.getByRole('radio', { name: 'YAML' }).click()
  const yaml = page.getByRole('textbox', { name: 'Study as YAML' })
  const short = (await yaml.inputValue())
    .replace(/seeds: \d+/, 'seeds: 6')
    .replace(/rounds: \d+/, 'rounds: 3')
    .replace(/minSteps: \d+/, 'minSteps: 60')
    .replace(/epochs: \d+/, 'epochs: 5')
  await yaml.fill(short)
  await page.getByRole('radio', { name: 'Form' }).click()
  await expect(page.getByRole('definition').filter({ hasText: /^24$/ })).toBeVisible()

  // From a radio button, which takes Enter for itself.
  await page.keyboard.press('Control+Enter')
  await expect(page.getByText(/per curve/)).toBeVisible({ timeout: 30_000 })
  const queue = page.getByRole('contentinfo', { name: 'Queue' })
  await expect(queue).toContainText('Queue empty', { timeout: 60_000 })
  await expect(page.getByRole('row').filter({ hasText: 'done' }).first()).toBeVisible()

  await page.keyboard.press('Control+5')
  await expect(page.getByRole('heading', { name: 'Area under the curve' })).toBeVisible()
  await expect(page.getByText('n = 6 paired seeds;')).toBeVisible()

  await page.keyboard.press('Control+7')
  const rounds = await saved(page, 'Save rounds.csv')
  expect(rounds.name).toBe('sample-rounds.csv')
  expect(rounds.bytes.toString('utf8').trim().split('\n')).toHaveLength(1 + 24 * 4)
  const figure = await saved(page, 'Save figure')
  expect(figure.name).toMatch(/\.pdf$/)
  expect(figure.bytes.subarray(0, 5).toString('latin1')).toBe('%PDF-')

  await page.keyboard.press('Control+6')
  await page.getByRole('button', { name: 'Animation' }).click()
  const strip = page.getByRole('group', { name: 'Animation' })
  for (const [format, mark] of [
    ['GIF', 'GIF89a'],
    ['MP4', 'ftyp'],
  ]) {
    await strip.getByRole('radio', { name: format }).click()
    const download = page.waitForEvent('download', { timeout: 60_000 })
    await strip.getByRole('button', { name: 'Save' }).click()
    const bytes = readFileSync(await (await download).path())
    expect(bytes.subarray(0, 12).toString('latin1')).toContain(mark)
    expect(bytes.length).toBeGreaterThan(5000)
  }
  await page.keyboard.press('Control+7')

  await page.reload()
  await expect(heading(page, 'Export')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save rounds.csv' })).toBeVisible()

  const port = Number(new URL(host.url).port)
  await killed(host.child)
  await expect(page.getByText('The host does not answer.')).toBeVisible({ timeout: 15_000 })
  host = await startHost(workspace, port)
  await expect(page.getByText('The host does not answer.')).toBeHidden({ timeout: 30_000 })
  await page.keyboard.press('Control+5')
  await expect(page.getByText('n = 6 paired seeds;')).toBeVisible()
  expect(faults).toEqual([])
})
