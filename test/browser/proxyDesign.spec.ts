import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')

/** Opens Design of the project whose study pre-trains its own backbone. */
async function open(page: Page): Promise<void> {
  await page.goto(`${workbench}?proxies#/projects`)
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible()
  const project = await page.evaluate(async () => {
    const { projects } = await window.memoryLab.call('workspace.get', {})
    return projects.find(({ name }) => name === 'proxies')?.id ?? ''
  })
  await page.goto(`${workbench}?proxies#/design/${project}`)
  await expect(page.getByRole('heading', { level: 1, name: 'Design' })).toBeVisible()
}
async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`)).toEqual([])
}
const openSections = async (page: Page): Promise<void> => {
  for (const title of ['Data', 'Model']) {
    const button = page.getByRole('button', { name: new RegExp(`^${title}\\b`), expanded: false }).first()
    if (await button.isVisible()) await button.click()
  }
}
const yaml = async (page: Page): Promise<string> => {
  await page.getByRole('radio', { name: 'YAML' }).click()
  const text = await page.getByRole('textbox', { name: 'Study as YAML' }).inputValue()
  await page.getByRole('radio', { name: 'Form' }).click()
  return text
}

for (const theme of ['light', 'dark'] as const)
  test(`a study of proxies in Design and its preparation in Runs are accessible, ${theme}`, async ({ page }, info) => {
    await page.emulateMedia({ colorScheme: theme })
    await page.setViewportSize({ width: 1280, height: 1500 })
    await open(page)
    await openSections(page)
    await expect(page.getByRole('group', { name: 'Classes of source' })).toBeVisible()
    await page.getByRole('button', { name: 'asvp', exact: true }).first().click()
    await page.screenshot({ path: info.outputPath(`design-${theme}.png`) })
    await expectAccessible(page)

    await page.keyboard.press('Control+Enter')
    await expect(page.getByRole('heading', { level: 1, name: 'Runs' })).toBeVisible()
    await page.evaluate(() => [1, 2, 3].forEach(() => window.memoryLab.step(1)))
    const strip = page.getByRole('status').filter({ hasText: 'pre-training' })
    await expect(strip).toContainText('epoch 3/10')
    await expect(strip).toContainText('left')
    await expect(page.getByRole('contentinfo', { name: 'Queue' })).toContainText('Preparing 30 runs')
    await page.screenshot({ path: info.outputPath(`preparing-${theme}.png`) })
    await expectAccessible(page)
    await page.evaluate(() => window.memoryLab.breakPreparation('the disk is full'))
    const failed = page.getByRole('alert').filter({ hasText: 'the disk is full' })
    await expect(failed).toContainText('pre-training')
    await page.screenshot({ path: info.outputPath(`failed-${theme}.png`) })
    await expectAccessible(page)
    await failed.getByRole('button', { name: 'Try again' }).click()
    await expect(failed).toBeHidden()
  })

test('classes, backbone, budgets and an alignment are edited; the YAML says the same', async ({ page }) => {
  await open(page)
  await openSections(page)
  await page.getByRole('group', { name: 'Classes of data set' }).getByRole('button', { name: '4', exact: true }).click()
  await page.getByRole('radio', { name: 'model library' }).click()
  await expect(page.getByRole('combobox', { name: /^Backbone: mlp-low-digits/ })).toBeVisible()
  const text = await yaml(page)
  expect(text).toMatch(/classes: \[ ?4, 5, 6, 7, 8, 9 ?\], name: high/)
  expect(text).toContain('backbone: mlp-low-digits')

  await page.getByRole('button', { name: 'asvp', exact: true }).first().click()
  const field = (name: string) => page.locator(`[data-path="strategies[2].${name}"]`)
  await field('tau').getByRole('textbox').fill('∞')
  await page.keyboard.press('Tab')
  await expect(field('checks')).toContainText('No effect here')
  await field('tau').getByRole('textbox').fill('0.05')
  await field('checks').getByRole('textbox').fill('40, 80')
  await page.keyboard.press('Tab')
  for (const name of ['tau', 'method']) {
    await field(name).hover()
    await field(name)
      .getByRole('button', { name: /^More for/ })
      .click()
    await page.getByRole('menuitem', { name: 'Use as a factor' }).click()
    await expect(field(name)).toContainText('2 levels')
  }
  const edited = await yaml(page)
  expect(edited).toMatch(/checks: \[ ?40, 80 ?\]/)
  expect(edited).toMatch(/strategies\.asvp\.tau: \[ ?0\.05, 0\.1 ?\]/)
  expect(edited).toMatch(/strategies\.asvp\.method: \[ ?ft, lp-ft ?\]/)
})

test('preparation is cancelled from Runs', async ({ page }) => {
  await open(page)
  await page.keyboard.press('Control+Enter')
  const strip = page.getByRole('status').filter({ hasText: 'pre-training' })
  await expect(strip).toBeVisible()
  await page.getByRole('main').getByRole('button', { name: 'Cancel all' }).click()
  await expect(strip).toBeHidden()
  await expect(page.getByRole('contentinfo', { name: 'Queue' })).toContainText('Queue empty')
})
