import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')

const violations = async (page: Page): Promise<string[]> => {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`)
}

test('a public set is downloaded after its licence and size were shown; pages come and go meanwhile', async ({ page }, info) => {
  await page.goto(`${workbench}#/data`)
  const section = page.getByRole('region', { name: 'Available to download' })
  await section.getByRole('button', { name: 'Download cifar-10…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Download cifar-10' })
  await expect(dialog).toContainText('170 MB')
  await expect(dialog).toContainText('none stated')
  await page.screenshot({ path: info.outputPath('dialog.png') })
  expect(await violations(page)).toEqual([])
  const begin = dialog.getByRole('button', { name: 'Download', exact: true })
  await dialog.getByLabel('From another place').fill('nowhere')
  await expect(begin).toBeDisabled()
  await dialog.getByLabel('From another place').fill('')
  await begin.click()
  const bar = section.getByRole('progressbar', { name: 'Download of cifar-10' })
  await expect(bar).toHaveAttribute('aria-valuenow', '40')
  await page.goto(`${workbench}#/settings`)
  await page.goto(`${workbench}#/data`)
  await expect(bar).toHaveAttribute('aria-valuenow', '40')
  await section.getByRole('button', { name: 'Download sms-spam…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Download', exact: true }).click()
  await section.getByRole('button', { name: 'Pause sms-spam' }).click()
  await section.getByRole('button', { name: 'Go on with sms-spam' }).click()
  await expect(section.getByRole('alert')).toContainText('another place')
  await page.screenshot({ path: info.outputPath('running.png') })
  expect(await violations(page)).toEqual([])
  await section.getByRole('button', { name: 'Pause cifar-10' }).click()
  await section.getByRole('button', { name: 'Go on with cifar-10' }).click()
  await expect(bar).toHaveCount(0)
})

test('what takes room is listed with its users and deleted', async ({ page }, info) => {
  await page.goto(`${workbench}#/settings`)
  await page.getByRole('button', { name: 'Free space…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Free space' })
  await dialog.getByRole('checkbox', { name: 'Delete Flowers of 1936' }).check()
  await expect(dialog).toContainText('gradnorm-ablation cannot run without')
  await page.screenshot({ path: info.outputPath('free.png') })
  expect(await violations(page)).toEqual([])
  await expect(dialog.getByRole('button', { name: 'Delete 45 MB' })).toBeDisabled()
  await dialog.getByRole('button', { name: 'Choose what is unused' }).click()
  await dialog.getByRole('button', { name: 'Delete 1.2 GB' }).click()
  await expect(dialog.getByRole('checkbox', { name: 'Delete stl-10' })).toHaveCount(0)
})
