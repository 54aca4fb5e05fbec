import { expect, test, type Page } from '@playwright/test'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')
test.describe.configure({ mode: 'parallel' })

const open = async (page: Page, hash: string): Promise<void> => {
  await page.goto(`${workbench}#${hash}`)
  await expect(page.locator('main h1')).toBeVisible()
}

test('T opens the table of the first figure, or of the one in focus', async ({ page }) => {
  await open(page, '/compare/project-1?tab=wins')
  const tables = page.getByRole('region', { name: /data table$/ })
  const drawing = (name: string) => page.getByRole('region', { name, exact: true }).getByRole('img')
  await expect(drawing('Penalty matrix (BADGE)')).toBeVisible()
  await page.keyboard.press('t')
  await expect(tables).toHaveCount(1)
  await expect(page.getByRole('region', { name: 'Penalty matrix (BADGE), data table' })).toBeVisible()
  await page.keyboard.press('t')
  await expect(tables).toHaveCount(0)
  await drawing('Penalty matrix, corrected').focus()
  await page.keyboard.press('t')
  await expect(page.getByRole('region', { name: 'Penalty matrix, corrected, data table' })).toBeVisible()
})

test('the pairs behind the matrices, and cells of a strategy with the marks of their curves', async ({ page }) => {
  await open(page, '/compare/project-2?tab=wins')
  const pairs = page.getByRole('region', { name: 'Pairs', exact: true })
  await expect(pairs.getByRole('columnheader', { name: 'p (Holm)' })).toBeVisible()
  await expect(pairs.getByRole('row', { name: /^acq .*random/ })).not.toHaveCount(0)
  await expect(page.getByText(/paired seeds;/)).toBeVisible()
  await page.getByRole('tab', { name: 'Curves' }).click()
  const cells = page.getByRole('region', { name: 'Area under the curve' }).getByRole('row', { name: /acq/ })
  await expect(cells).toHaveCount(2)
  const dashes = await cells.locator('svg line').evaluateAll((lines) => lines.map((line) => line.getAttribute('stroke-dasharray')))
  expect(new Set(dashes).size).toBe(2)
  await page.getByRole('combobox', { name: /^Facet/ }).click()
  await page.getByRole('option', { name: 'Weights' }).click()
  await expect(page.getByText('Weights in tables')).toBeVisible()
})

test('ticked tables stand under the figure as they are printed', async ({ page }) => {
  await open(page, '/export/project-1')
  await expect(page.getByRole('img', { name: 'Learning curves as it will be printed' })).toBeVisible()
  await page.getByRole('checkbox', { name: 'Results on digits' }).check()
  const paper = page.getByRole('region', { name: 'Table results' })
  await expect(paper.getByRole('row')).toHaveCount(5)
  await expect(paper.getByRole('columnheader', { name: 'AUBC' })).toBeInViewport()
  await page.getByRole('checkbox', { name: 'Results on digits' }).uncheck()
  await expect(paper).toHaveCount(0)
})

test('a key runs the study of the project that is shown, not of the one edited last', async ({ page }) => {
  await open(page, '/design/project-1')
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled()
  await page.evaluate(() => void (window.location.hash = '#/compare/project-2'))
  await expect(page.getByText(/paired seeds;/)).toBeVisible()
  await page.keyboard.press('Control+Enter')
  await expect(page).toHaveURL(/runs\/project-2\//)
})
