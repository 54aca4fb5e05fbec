import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { builtMain, hasChromium } from '../support/paths'
import { killed, startHost, type Host } from '../support/servedHost'

test.skip(!hasChromium, 'no Chromium on this machine')
test.describe.configure({ timeout: 120_000 })

const home = mkdtempSync(join(tmpdir(), 'querent-label-'))
const workspace = join(home, 'workspace')
let host: Host

test.beforeAll(async () => {
  const lines = Array.from({ length: 90 }, (_, i) => `${(i * 37) % 11},${(i * 53) % 13},${i % 3}`)
  writeFileSync(join(home, 'pool.csv'), `a,b,c\n${lines.join('\n')}\n`)
  execFileSync(process.execPath, [builtMain('cli'), 'datasets', 'import', join(home, 'pool.csv'), '--unlabelled', '--id', 'pool'], {
    env: { ...process.env, QUERENT_WORKSPACE: workspace },
    stdio: 'pipe',
  })
  host = await startHost(workspace, 0)
})
test.afterAll(async () => {
  await killed(host.child)
  rmSync(home, { recursive: true, force: true })
})

test('an unlabelled pool gives batches, takes labels in, and is as it was after a reload', async ({ page }) => {
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  await page.goto(host.url)
  await page.goto(`${new URL(host.url).origin}/#/data?set=pool&tab=label`)
  await page.getByLabel('Classes').fill('red, green, blue')
  await page.getByRole('button', { name: 'Start' }).click()
  await expect(page.getByText('0 of 90 rows labelled')).toBeVisible()
  await page.getByLabel('Rows of the next batch').fill('9')
  await page.getByRole('button', { name: 'Choose next batch' }).click()
  await expect(page.getByText('chosen before there was any label')).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('region', { name: 'Rows of the batch' }).locator('tbody tr')).toHaveCount(9)

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'csv' }).first().click()])
  expect(download.suggestedFilename()).toBe('batch-001.csv')
  const lines = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\n')
  const filled = lines.map((line, i) => (i === 0 ? line : `${line}${['red', 'green', 'blue'][Number(line.split(',')[1]) % 3]}`))
  writeFileSync(join(home, 'back.csv'), `${filled.join('\n')}\n`)
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Import labels' }).click()])
  await chooser.setFiles(join(home, 'back.csv'))
  await expect(page.getByText('Imported: 9 new')).toBeVisible()
  await page.getByRole('button', { name: 'Choose next batch' }).click()
  await expect(page.getByText('after training on 9 labels; accuracy is not known')).toBeVisible({ timeout: 30_000 })

  await page.reload()
  await expect(page.getByText('9 of 90 rows labelled, 9 asked for')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('9 of 90 rows labelled, 0 asked for')).toBeVisible()
  await expect(page.getByText('(taken back)')).toBeVisible()
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.screenshot({ path: test.info().outputPath(`labelling-${scheme}.png`) })
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([])
  }
  expect(faults).toEqual([])
})
