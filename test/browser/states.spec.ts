import { expect, test, type Page } from '@playwright/test'
import type { MemoryLab } from '../support/memoryLab'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

declare global {
  interface Window {
    memoryLab: MemoryLab
  }
}

test.skip(!hasChromium, 'no Chromium on this machine')

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

test('a link followed before the first page is there is not lost', async ({ page }) => {
  await page.route(/ProjectsPage.*\.js/, async (route) => {
    await new Promise((passed) => setTimeout(passed, 400))
    await route.continue()
  })
  await page.goto(`${workbench}#/projects`, { waitUntil: 'commit' })
  await page.waitForFunction(() => 'memoryLab' in window)
  await page.evaluate(() => void (location.hash = '/design/project-2'))
  await expect(heading(page, 'Design')).toBeVisible()
  await expect(page).toHaveURL(/#\/design\/project-2$/)
})

test('what ended the preparation of an experiment is said with one way to go on', async ({ page }) => {
  await page.goto(`${workbench}?proxies#/design/project-5`)
  await expect(page.getByRole('button', { name: /^Run/ }).first()).toBeEnabled()
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('status').filter({ hasText: 'pre-training' })).toBeVisible()
  await page.evaluate(() => window.memoryLab.breakPreparation('the loss is not a number'))
  await expect(page.getByRole('alert').filter({ hasText: 'the loss is not a number' })).toBeVisible()
  const main = page.getByRole('main')
  await expect(main.getByRole('button', { name: /Continue|Retry|Try again/ })).toHaveText(['Try again'])
  await main.getByRole('button', { name: 'Try again' }).click()
  await expect(main.getByRole('alert')).toBeHidden()
  await expect(page.getByText(/ so far$/)).toBeVisible()
})

const open = async (page: Page, hash: string, query = ''): Promise<void> => {
  await page.goto(`${workbench}${query}#${hash}`)
  await expect(page.locator('main h1')).toBeVisible()
}
/** Another page of the same workbench, as a link would open it. */
const goTo = (page: Page, hash: string): Promise<void> => page.evaluate((to) => void (location.hash = to), hash)

test('every page with content says that the host is lost, keeps its content, and goes on', async ({ page }) => {
  const pages: readonly (readonly [hash: string, title: string, content: string])[] = [
    ['/projects', 'Projects', 'gradnorm-ablation'],
    ['/data?set=digits', 'Data', 'SHA-256 of the canonical bytes'],
    ['/design/project-2', 'Design', 'Ablations'],
    ['/runs/project-1', 'Runs', '40 runs'],
    ['/compare/project-1', 'Compare', 'n = 10 paired seeds;'],
    ['/explore/project-1', 'Explore', 'Jaccard of the labelled sets'],
    ['/export/project-1', 'Export', 'rounds.csv'],
    ['/settings', 'Settings', 'in use'],
  ]
  await open(page, '/projects')
  const banner = page.getByText('The host does not answer.')
  for (const [hash, title, content] of pages) {
    await goTo(page, hash)
    await expect(heading(page, title)).toBeVisible()
    await expect(page.getByText(content).first()).toBeVisible()
    await page.evaluate(() => window.memoryLab.loseHost())
    await expect(banner, title).toBeVisible()
    await expect(page.getByText(content).first(), title).toBeVisible()
    await page.evaluate(() => window.memoryLab.findHost())
    await expect(banner, title).toBeHidden()
    await expect(page.getByText(content).first(), title).toBeVisible()
  }
})

test('every page says that runs are under way', async ({ page }) => {
  await open(page, '/projects', '?with=nothing')
  const id = await page.evaluate(async () => {
    const started = await window.memoryLab.call('experiment.start', { project: 'project-1' })
    for (let i = 0; i < 6; i++) window.memoryLab.step(1000)
    window.memoryLab.step(60)
    return started.id
  })
  await expect(page.getByRole('link', { name: /^running, \d+ \/ 40 runs$/ })).toBeVisible()
  await goTo(page, '/design/project-1')
  const run = page.getByRole('button', { name: 'Run', exact: true })
  await expect(run).toBeDisabled()
  await expect(run).toHaveAttribute('title', 'Another experiment is running')
  await goTo(page, `/runs/project-1/${id}`)
  await expect(page.getByText(/ so far; dots: a run is still under way/)).toBeVisible()
  await goTo(page, `/compare/project-1/${id}`)
  await expect(page.getByText(/^So far: \d+ of 40 runs finished\./)).toBeVisible()
  await goTo(page, `/explore/project-1/${id}`)
  await expect(page.getByText(/ labelled · accuracy/).first()).toBeVisible()
  await goTo(page, `/export/project-1/${id}`)
  await expect(page.getByText('Preview at print size, always light; not all runs have finished')).toBeVisible()
  await goTo(page, '/data?set=digits')
  await expect(page.getByText('SHA-256 of the canonical bytes')).toBeVisible()
  await page.getByRole('button', { name: 'Download cifar-10…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Download', exact: true }).click()
  await expect(page.getByText('68 MB of 170 MB', { exact: false })).toBeVisible()
})

test('300 projects and 1,000 runs leave every page usable', async ({ page }) => {
  await open(page, '/projects', '?large')
  await page.evaluate(async () => {
    const yaml = 'study: s\ndataset: wine\nprotocol: { seeds: 1, rounds: 2 }\nstrategies: [random]\n'
    for (let i = 0; i < 300; i++) await window.memoryLab.call('project.create', { name: `project ${i}`, from: { yaml } })
  })
  await page.getByRole('button', { name: 'Show all 304 projects' }).click()
  await expect(page.getByRole('region', { name: 'Recent' }).getByRole('row')).toHaveCount(305)
  await page.getByRole('button', { name: 'Show fewer' }).click()
  await expect(page.getByRole('textbox', { name: 'Filter recipes' })).toBeInViewport()
  const pages: readonly (readonly [hash: string, title: string, content: RegExp])[] = [
    ['/design/project-6', 'Design', /^1,000$/],
    ['/runs/project-6', 'Runs', /^1,000 runs$/],
    ['/compare/project-6', 'Compare', /^So far: 900 of 1000 runs finished|^So far: 900 of 1,000 runs finished/],
    ['/explore/project-6', 'Explore', /Jaccard of the labelled sets/],
    ['/export/project-6', 'Export', /rounds\.csv/],
  ]
  for (const [hash, title, content] of pages) {
    await goTo(page, hash)
    await expect(heading(page, title)).toBeVisible()
    await expect(page.getByText(content).first(), title).toBeVisible({ timeout: 15_000 })
    expect(await page.evaluate(() => document.querySelectorAll('main *').length), `elements of ${title}`).toBeLessThan(4000)
  }
})

test('what is said about an import is there after leaving the page, a reload, and with the host gone', async ({ page }) => {
  await open(page, '/data')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Import files' }).click()
  await (await chooser).setFiles({ name: 'flowers.csv', mimeType: 'text/csv', buffer: Buffer.from('width,colour,species\n1,red,rose\n') })
  const panel = page.getByRole('region', { name: 'Import' })
  const name = panel.getByRole('textbox', { name: 'id', exact: true })
  const licence = panel.getByRole('textbox', { name: 'licence' })
  await expect(name).toHaveValue('flowers')
  await panel.getByRole('combobox', { name: /colour/ }).click()
  await page.getByRole('option', { name: 'text' }).click()
  await name.fill('my-flowers')
  await licence.fill('CC BY 4.0')
  const kept = async (): Promise<void> => {
    await expect(name).toHaveValue('my-flowers')
    await expect(licence).toHaveValue('CC BY 4.0')
    await expect(panel.getByRole('combobox', { name: /colour/ })).toContainText('text')
  }
  await page.keyboard.press('Control+8')
  await expect(heading(page, 'Settings')).toBeVisible()
  await page.keyboard.press('Control+2')
  await kept()
  await page.reload()
  await kept()
  await page.evaluate(() => window.memoryLab.loseHost())
  await licence.fill('CC BY 4.0')
  await page.evaluate(() => window.memoryLab.findHost())
  await kept()
  await panel.getByRole('button', { name: 'Cancel' }).click()
  await page.reload()
  await expect(heading(page, 'Data')).toBeVisible()
  await expect(panel).toBeHidden()
})

test('what is typed into Export and Settings is there after leaving the page', async ({ page }) => {
  await open(page, '/export/project-1')
  await page.getByRole('textbox', { name: 'Height in millimetres' }).fill('77')
  await page.keyboard.press('Control+8')
  const limit = page.getByRole('textbox', { name: /^Limit for data sets and caches/ })
  await limit.fill('25')
  await page.keyboard.press('Control+7')
  await page.goBack()
  await expect(limit).toHaveValue('25')
  await page.goBack()
  await expect(page.getByRole('textbox', { name: 'Height in millimetres' })).toHaveValue('77')
  await page.reload()
  await expect(page.getByRole('textbox', { name: 'Height in millimetres' })).toHaveValue('77')
})

test('settings: a project deleted before the window was opened is brought back', async ({ page }) => {
  await page.goto(`${workbench}#/settings`)
  await expect(heading(page, 'Settings')).toBeVisible()
  await page.evaluate(() => window.memoryLab.call('project.remove', { project: 'project-2' }))
  await page.getByRole('button', { name: 'Bring back: Deleted projects, results and sessions' }).click()
  const dialog = page.getByRole('dialog', { name: 'Bring back what was deleted' })
  await expect(dialog).toContainText('gradnorm-ablation')
  await dialog.getByRole('button', { name: 'Bring back gradnorm-ablation' }).click()
  await expect(dialog).toContainText('Nothing that was deleted is kept.')
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Projects', exact: true }).first().click()
  await expect(page.getByRole('cell', { name: 'gradnorm-ablation', exact: true })).toBeVisible()
})

test('runs of an interrupted experiment say what they are, with the way to go on', async ({ page }) => {
  await page.goto(`${workbench}?with=interrupted&pace=30#/runs/project-1?filter=started`)
  const strip = page.getByRole('status').filter({ hasText: 'Finished rounds are kept' })
  await expect(strip).toContainText('not started')
  await expect(page.getByRole('gridcell', { name: 'not started' }).first()).toBeVisible()
  await expect(page.getByRole('gridcell', { name: 'queued' })).toHaveCount(0)
  await expect(page.getByRole('contentinfo', { name: 'Queue' })).toContainText('interrupted: ')
  await strip.getByRole('button', { name: 'Continue' }).click()
  await expect(strip).toBeHidden()
  await expect(page.getByRole('contentinfo', { name: 'Queue' })).toContainText('/ 40 runs')
})
