import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { atMost, longestTask } from '../support/longestTask'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')

let faults: string[]
test.beforeEach(({ page }) => {
  faults = []
  page.on('pageerror', (error) => faults.push(error.message))
})
test.afterEach(() => expect(faults).toEqual([]))

const open = async (page: Page, hash: string, query = ''): Promise<void> => {
  await page.goto(`${workbench}${query}#${hash}`)
  await expect(page.locator('main h1')).toBeVisible()
}

for (const theme of ['light', 'dark'] as const)
  test(`parameters of methods are accessible, ${theme}`, async ({ page }, info) => {
    await page.emulateMedia({ colorScheme: theme })
    await open(page, '/design/project-5', '?large')
    await page.getByRole('button', { name: 'schedule', exact: true }).first().click()
    await expect(page.getByText('Parameters of the methods above')).toBeVisible()
    await page.screenshot({ path: info.outputPath(`design-methods-${theme}.png`) })
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`)).toEqual([])
  })

test('methods are found by a word, added, and given parameters that say when they count', async ({ page }) => {
  await open(page, '/design/project-5', '?large')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.keyboard.type('loss-predicting')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Name of the strategy' })).toHaveValue('lplgrad-2')
  const editor = page.locator('[data-path="strategies[5].xi"]')
  await page.locator('[data-path="strategies[5].loss"]').getByRole('radio', { name: 'mse' }).click()
  await expect(editor).toContainText('No effect here; it counts with Loss: rank')
  await editor.getByRole('button', { name: 'Loss: rank' }).click()
  await expect(editor).not.toContainText('No effect here')

  await page.getByRole('button', { name: 'less', exact: true }).first().click()
  const target = page.locator('[data-path="strategies[2].target"]')
  await expect(target.getByRole('textbox')).toHaveValue('3, 5')
  await target.getByRole('textbox').fill('3, 5, 7')
  await page.getByRole('radio', { name: 'YAML' }).click()
  await expect(page.getByRole('textbox', { name: 'Study as YAML' })).toHaveValue(/classes: \[ ?3, 5, 7 ?\]/)
})

test('what is typed is there after leaving the page, a reload, and with the host gone', async ({ page }) => {
  await open(page, '/design/project-2')
  const seeds = page.getByRole('textbox', { name: 'Seeds' })
  await seeds.fill('12')
  await expect(page.getByRole('definition').filter({ hasText: /^84$|^72$|^96$/ })).toBeVisible() // the grid follows without leaving the field
  await page.keyboard.press('Control+4')
  await expect(page.getByRole('heading', { level: 1, name: 'Runs' })).toBeVisible()
  await page.keyboard.press('Control+3')
  await expect(seeds).toHaveValue('12')
  await page.evaluate(() => window.memoryLab.loseHost())
  await seeds.fill('a dozen')
  await page.reload()
  await expect(seeds).toHaveValue('a dozen')
  await expect(page.getByRole('button', { name: /error:.*protocol\.seeds/s })).toBeVisible()
  await page.keyboard.press('Control+z')
  await expect(seeds).not.toHaveValue('a dozen')
})

test('a finding is mended by its button, a study replaced by a recipe; both can be undone', async ({ page }) => {
  await open(page, '/design/project-2')
  await page.getByRole('button', { name: 'Draw stratified' }).click()
  await expect(page.getByRole('button', { name: 'Draw stratified' })).toBeHidden()
  await page.getByRole('button', { name: 'Templates' }).click()
  await page.getByRole('menuitem', { name: /Is entropy alone enough/ }).click()
  await expect(page.getByText('4 strategies', { exact: true })).toBeVisible()
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  await expect(page.getByRole('button', { name: 'Draw stratified' })).toBeVisible()
})

test('1,000 runs: pages change at once, no long task, runs chosen by keyboard', { tag: '@alone' }, async ({ page, browser }) => {
  await open(page, '/runs/project-6', '?large&pace=3')
  await expect(page.getByText('1,000 runs').first()).toBeVisible()
  await page.waitForTimeout(1500)
  expect(await longestTask(page, browser, 3000), 'live').toBeLessThan(atMost(50))
  const grid = page.getByRole('grid', { name: 'Runs' })
  await grid.focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Shift+ArrowUp')
  await page.keyboard.press('Shift+ArrowUp')
  await expect(page.getByText('3 selected of')).toBeVisible()
  await page.getByRole('button', { name: 'Cancel 3 selected runs' }).click()
  await expect(page.locator('.page-head')).toContainText('3 cancelled')
  await page.evaluate(() => void (location.hash = '#/design/project-6'))
  await expect(page.getByRole('heading', { level: 1, name: 'Design' })).toBeVisible()
  await page.waitForTimeout(1500) // the lab in memory plans 1,000 runs on the page's own thread
  const [work] = await Promise.all([longestTask(page, browser, 1500), page.evaluate(() => void (location.hash = '#/runs/project-6'))])
  await expect(grid).toBeVisible()
  expect(work, 'processor time of the page switch').toBeLessThan(atMost(100))
})
