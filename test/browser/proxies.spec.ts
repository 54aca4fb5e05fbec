import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')

const violations = async (page: Page): Promise<string[]> => {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`)
}

for (const theme of ['light', 'dark'] as const)
  test.describe(theme, () => {
    test.use({ colorScheme: theme })
    test('Compare shows the checks of proxies, the ledger goes into Export, a run tells its terms of time', async ({ page }, info) => {
      await page.goto(`${workbench}?proxies=finished#/compare/project-5`)
      await page.getByRole('tab', { name: 'Proxy' }).click()
      await expect(page.getByText('Lead of fine-tuned features').first()).toBeVisible()
      await expect(page.getByText('LogME-PED').first()).toBeVisible()
      await page.waitForTimeout(400)
      await page.screenshot({ path: info.outputPath(`proxy-${theme}.png`) })
      expect(await violations(page)).toEqual([])
      await page.goto(`${workbench}?proxies=finished#/export/project-5`)
      await expect(page.getByText('ledger.csv').first()).toBeVisible()
      await page.screenshot({ path: info.outputPath(`export-${theme}.png`) })
    })

    test('stored models and features are listed in Settings and deleted after a question', async ({ page }, info) => {
      await page.goto(`${workbench}#/settings`)
      const list = page.getByRole('region', { name: 'Models and features' })
      await expect(list).toContainText('supervised, on digits[0-4]')
      await expect(list).toContainText('dinov2-small of digits')
      await page.screenshot({ path: info.outputPath(`settings-${theme}.png`) })
      expect(await violations(page)).toEqual([])
      await list.getByRole('button', { name: 'Import a model…' }).click()
      const bringing = page.getByRole('dialog', { name: 'Import a model' })
      const chooser = page.waitForEvent('filechooser')
      await bringing.getByRole('button', { name: 'Choose files…' }).click()
      await (
        await chooser
      ).setFiles([{ name: 'weights.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('weights') }])
      await bringing.getByLabel('shape of a sample').fill('8 by 8')
      await expect(bringing.getByText('One to three whole numbers')).toBeVisible()
      await bringing.getByLabel('shape of a sample').fill('1, 8, 8')
      await bringing.getByRole('button', { name: 'Import', exact: true }).click()
      await expect(bringing.getByRole('alert')).toContainText('no architecture file')
      await page.screenshot({ path: info.outputPath(`import-${theme}.png`) })
      expect(await violations(page)).toEqual([])
      await bringing.getByLabel('name in studies').fill('mine')
      await bringing.getByRole('button', { name: 'Import', exact: true }).click()
      await expect(list.getByRole('row', { name: /^mine model weights.safetensors/ })).toBeVisible()
      await list.getByRole('button', { name: 'Delete model cnn-fashion' }).click()
      const dialog = page.getByRole('dialog', { name: 'Delete cnn-fashion' })
      await page.screenshot({ path: info.outputPath(`delete-${theme}.png`) })
      expect(await violations(page)).toEqual([])
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
      await expect(list.getByText('cnn-fashion')).toHaveCount(0)
      await expect(list.getByText('mlp-low-digits')).toBeVisible()
    })
  })
