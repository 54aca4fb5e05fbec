import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import buildOnce from '../support/buildOnce'
import { openBuiltShell, type BuiltShell } from '../support/builtShell'
import { chromiumPath, hasChromium } from '../support/paths'

test.describe('the built desktop app in a real browser', () => {
  test.skip(!hasChromium, `no Chromium at ${chromiumPath}`)
  let folder: string
  let shell: BuiltShell | undefined
  test.beforeAll(() => {
    buildOnce()
    folder = mkdtempSync(join(tmpdir(), 'querent-app-'))
  })
  test.afterAll(() => {
    shell?.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  test('shows the projects, runs the sample, draws its first points and saves a table', async ({ page }) => {
    shell = await openBuiltShell(page, join(folder, 'workspace'))
    await page.goto(shell.url)
    const sample = page.getByRole('link', { name: 'Sample: four strategies on digits' })
    await expect(sample).toBeVisible()

    await shell.menu('help.shortcuts')
    await expect(page.getByRole('dialog')).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('dialog')).toBeHidden()

    await sample.click()
    await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled()
    await shell.menu('run.start')
    await expect(page.getByRole('heading', { name: 'Runs', exact: true })).toBeVisible()
    await page.getByRole('button', { name: 'Data table' }).click()
    const points = page.getByRole('region', { name: /data table$/ }).getByRole('row')
    await expect(points.filter({ hasText: /\d\.\d+|\d %/ }).first()).toBeVisible({ timeout: 30_000 })

    await page.getByRole('link', { name: 'Export' }).click()
    const file = join(folder, 'rounds.csv')
    await shell.chooseFile(file)
    await page.getByRole('button', { name: 'Save rounds.csv' }).click()
    await expect(page.getByText(`Saved ${file}`, { exact: true })).toBeVisible()
    const [header, ...rows] = readFileSync(file, 'utf8').trim().split('\n')
    expect(header).toContain('accuracy')
    expect(rows.length).toBeGreaterThan(0)

    expect(shell.trouble).toEqual([])
    expect(await shell.quit()).toBe(0)
  })
})
