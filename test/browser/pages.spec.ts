import { readFileSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Browser, type Page } from '@playwright/test'
import { unzipSync } from 'fflate'
import type { MemoryLab } from '../support/memoryLab'
import { serveMemoryWorkbench, type MemoryServer } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

declare global {
  interface Window {
    memoryLab: MemoryLab
    layoutShift: number
  }
}

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** processor time of the thread in microseconds */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

test.skip(!hasChromium, 'no Chromium on this machine')

let server: MemoryServer
test.beforeAll(async () => {
  server = await serveMemoryWorkbench()
})
test.afterAll(() => server?.close())

/** Errors of the console, of scripts and of the content security policy; every test ends with none. */
const faults = new WeakMap<Page, string[]>()
test.beforeEach(({ page }) => {
  const found: string[] = []
  faults.set(page, found)
  page.on('console', (message) => {
    // Without a graphics card the browser reads drawings back from its software renderer, and says that this is slow.
    if (/GL Driver Message .* ReadPixels/.test(message.text())) return
    if (message.type() === 'error' || message.type() === 'warning') found.push(message.text())
  })
  page.on('pageerror', (error) => found.push(error.message))
})
test.afterEach(({ page }) => {
  expect(faults.get(page)).toEqual([])
})

const open = async (page: Page, hash: string, query = ''): Promise<void> => {
  await page.goto(`${server.url}${query}#${hash}`)
  await expect(page.locator('main h1')).toBeVisible()
}

const pages = [
  { name: 'projects', hash: '/projects', ready: 'gradient-norm-vs-entropy' },
  { name: 'data', hash: '/data?set=digits', ready: 'SHA-256 of the canonical bytes' },
  { name: 'design', hash: '/design/project-2', ready: 'disk' },
  { name: 'design-yaml', hash: '/design/project-2?editor=yaml', ready: '# cold, warm' },
  { name: 'runs', hash: '/runs/project-1?group=strategy', ready: '40 runs' },
  { name: 'compare', hash: '/compare/project-1', ready: 'n = 10 paired seeds;' },
  { name: 'compare-factors', hash: '/compare/project-2?band=paired-difference', ready: 'Acquisition score' },
  { name: 'explore', hash: '/explore/project-1', ready: 'Jaccard of the labelled sets' },
  { name: 'explore-why', hash: '/explore/project-1?colour=class&round=3&row=7', ready: 'Nearest labelled neighbours' },
  { name: 'export', hash: '/export/project-1', ready: 'rounds.csv' },
  { name: 'settings', hash: '/settings', ready: 'in use' },
]

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme })
    for (const { name, hash, ready } of pages) {
      test(`${name} is accessible and whole`, async ({ page }, info) => {
        await open(page, hash)
        await expect(page.getByText(ready).first()).toBeVisible()
        await page.waitForTimeout(400)
        await page.screenshot({ path: info.outputPath(`${name}-${theme}.png`) })
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scroll').toBe(true)
      })
    }
  })
}

test('fits 1000 × 640', async ({ page }, info) => {
  await page.setViewportSize({ width: 1000, height: 640 })
  for (const { name, hash, ready } of pages) {
    await open(page, hash)
    await expect(page.getByText(ready).first()).toBeAttached()
    await page.waitForTimeout(300)
    await page.screenshot({ path: info.outputPath(`${name}-small.png`) })
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name).toBe(true)
  }
})

/** Longest main-thread task in milliseconds of processor time, so that a busy machine does not count against the page. */
async function longestTask(page: Page, browser: Browser, milliseconds: number): Promise<number> {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  await page.waitForTimeout(milliseconds)
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  const renderers = new Set(
    trace.traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  const tasks = trace.traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && renderers.has(`${pid} ${tid}`))
  expect(tasks.length).toBeGreaterThan(50)
  return Math.max(...tasks.map(({ tdur }) => (tdur ?? 0) / 1000))
}

test('40 live runs: no long task, no layout shift', async ({ page, browser }) => {
  await open(page, '/projects', '?with=nothing&pace=6')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByText(/ per curve so far/)).toBeVisible()
  await page.evaluate(() => {
    window.layoutShift = 0
    new PerformanceObserver((list) =>
      list.getEntries().forEach((entry) => (window.layoutShift += (entry as PerformanceEntry & { value: number }).value)),
    ).observe({ type: 'layout-shift' })
  })
  expect(await longestTask(page, browser, 4000), 'runs').toBeLessThan(50)
  expect(await page.evaluate(() => window.layoutShift)).toBeLessThan(0.01)
  await page.getByRole('button', { name: 'random, seed 0: details' }).click()
  expect(await longestTask(page, browser, 3000), 'runs with details').toBeLessThan(50)
  await page.keyboard.press('Control+5')
  await expect(page.getByText('So far:')).toBeVisible()
  expect(await longestTask(page, browser, 3000), 'compare').toBeLessThan(50)
})

test('a run can be watched, cancelled and tried again', async ({ page }) => {
  await open(page, '/runs/project-1?group=status', '?with=failed')
  await expect(page.getByRole('row').nth(1)).toContainText('failed')
  await page.getByRole('button', { name: 'margin, seed 7: details' }).click()
  const drawer = page.getByRole('complementary', { name: 'Run details' })
  await expect(drawer.getByRole('alert')).toContainText('ran out of memory')
  await page.keyboard.press('Escape')
  await expect(drawer).toBeHidden()
  await page.keyboard.press('/')
  await page.keyboard.type('margin 3')
  await expect(page.getByText('of 40 runs')).toContainText(/^\d+ of 40 runs$/)
  await expect(page).toHaveURL(/filter=margin/)
})

test('pausing and stopping the queue', async ({ page }) => {
  await open(page, '/projects', '?with=nothing&pace=4')
  await page.keyboard.press('Control+Enter')
  const queue = page.getByRole('contentinfo', { name: 'Queue' })
  await queue.getByRole('button', { name: 'Pause the queue' }).click()
  await expect(queue).toContainText('paused')
  await queue.getByRole('button', { name: 'Resume the queue' }).click()
  await page.keyboard.press('Control+.')
  await expect(queue).toContainText('Queue empty')
})

test('the form and the YAML are one study', async ({ page }) => {
  await open(page, '/design/project-2')
  const chips = page.getByRole('group', { name: 'Weights' })
  await chips.getByRole('button', { name: 'warm' }).click()
  await expect(page.getByText('Not saved yet').or(page.getByRole('img', { name: 'Not saved yet' }))).toBeVisible()
  await expect(page.getByRole('definition').filter({ hasText: /^24$/ })).toBeVisible()
  await page.getByRole('radio', { name: 'YAML' }).click()
  const yaml = page.getByRole('textbox', { name: 'Study as YAML' })
  await expect(yaml).not.toHaveValue(/training\.weightStart/)
  await expect(yaml).toHaveValue(/# six pairs give a p-value/)
  await yaml.fill((await yaml.inputValue()).replace('seeds: 6 ', 'seeds: 0 '))
  await expect(page.getByRole('button', { name: /Run/ }).first()).toBeDisabled()
  await page.getByRole('button', { name: /error:.*protocol\.seeds/s }).click()
  await expect(yaml).toBeFocused()
  await page.keyboard.press('Control+z')
  await expect(yaml).toHaveValue(/seeds: 6 /)
  await page.getByRole('radio', { name: 'Form' }).click()
  await expect(page.getByRole('textbox', { name: 'Seeds' })).toHaveValue('6')
  await page.keyboard.press('Control+s')
  await expect(page.getByRole('button', { name: /^Save/ })).toBeDisabled()
})

test('a finding leads to its field', async ({ page }) => {
  await open(page, '/design/project-2')
  await page.getByRole('button', { name: /^Protocol/ }).click()
  await page.getByRole('button', { name: /warning:.*protocol\.initial/s }).click()
  await expect(page.getByRole('textbox', { name: 'Initial labels' })).toBeFocused()
})

test('compare: band, budget, hiding, table, link', async ({ page }) => {
  await open(page, '/compare/project-1')
  await page.getByRole('radio', { name: 'Paired Δ' }).click()
  await expect(page).toHaveURL(/band=paired-difference/)
  await page.keyboard.press('Escape')
  await page.locator('main').focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('heading', { name: 'At 140 labels' })).toBeVisible()
  await page.keyboard.press('2')
  await expect(page).toHaveURL(/hide=entropy/)
  await page.keyboard.press('t')
  const table = page.getByRole('region', { name: /data table/ })
  await expect(table.getByRole('row')).toHaveCount(1 + 2 * 11)
  await page.reload()
  await expect(page.getByRole('radio', { name: 'Paired Δ' })).toBeChecked()
  await expect(page.getByRole('button', { name: 'entropy' }).first()).toHaveAttribute('aria-pressed', 'false')
})

test('export saves a table and previews the figure at print size', async ({ page }) => {
  await open(page, '/export/project-1')
  const figure = page.getByRole('img', { name: 'Learning curves as they will be printed' })
  await expect(figure).toBeVisible()
  const box = await figure.boundingBox()
  expect(box?.width).toBeCloseTo((139.7 / 25.4) * 96, 0)
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save summary.csv' }).click()
  expect((await download).suggestedFilename()).toBe('sample-summary.csv')
  await page.getByRole('combobox', { name: /Venue/ }).click()
  await page.getByRole('option', { name: /ICML column/ }).click()
  await expect(page).toHaveURL(/venue=icml-column/)
  await expect.poll(async () => Math.round((await figure.boundingBox())?.width ?? 0)).toBe(312)
})

test('the host goes away and comes back', async ({ page }) => {
  await open(page, '/compare/project-1')
  await page.evaluate(() => window.memoryLab.loseHost())
  await expect(page.getByText('The host does not answer.')).toBeVisible()
  await page.evaluate(() => window.memoryLab.findHost())
  await expect(page.getByText('The host does not answer.')).toBeHidden()
})

test('an interrupted experiment is offered and goes on', async ({ page }) => {
  await open(page, '/projects', '?with=interrupted&pace=30')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible()
  await expect(page.getByRole('contentinfo', { name: 'Queue' })).toContainText('/ 40 runs')
})

test('projects: from a recipe, renamed, deleted, brought back', async ({ page }) => {
  await open(page, '/projects')
  await page.getByRole('button', { name: 'Use entropy-alone' }).click()
  await expect(page.getByRole('heading', { name: 'Design' })).toBeVisible()
  await page.keyboard.press('Control+1')
  await page.getByRole('button', { name: 'More for Is entropy alone enough?' }).click()
  await page.getByRole('menuitem', { name: 'Rename…' }).click()
  await page.getByRole('textbox', { name: 'Project name' }).fill('entropy, again')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('link', { name: 'entropy, again' })).toBeVisible()
  await page.getByRole('button', { name: 'More for entropy, again' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await expect(page.getByRole('link', { name: 'entropy, again' })).toBeHidden()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('link', { name: 'entropy, again' })).toBeVisible()
})

test('everything is reached by keyboard', async ({ page }) => {
  await open(page, '/projects')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('settings')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/#\/settings/)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toBeVisible()
  await page.keyboard.press('Escape')
  for (const [digit, name] of [
    ['2', 'Data'],
    ['3', 'Design'],
    ['4', 'Runs'],
    ['5', 'Compare'],
    ['7', 'Export'],
  ] as const) {
    await page.keyboard.press(`Control+${digit}`)
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  }
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY')
})

test('an animation is saved, cancelled, and its failure said', async ({ page }, info) => {
  await open(page, '/explore/project-1?map=pca')
  await page.getByRole('button', { name: 'Animation' }).click()
  const strip = page.getByRole('group', { name: 'Animation' })
  await strip.getByRole('button', { name: 'Save' }).click()
  // The lab in memory has no encoder.
  await expect(strip.getByRole('alert')).toContainText('makes SVG only')

  await strip.getByRole('radio', { name: 'SVG frames' }).click()
  await expect(strip.getByText('Width')).toBeHidden()
  const downloading = page.waitForEvent('download')
  await strip.getByRole('button', { name: 'Save' }).click()
  const path = await (await downloading).path()
  const frames = unzipSync(readFileSync(path))
  expect(Object.keys(frames)).toHaveLength(11)
  const last = new TextDecoder().decode(frames['selection-010.svg'])
  expect(last.match(/round 10 of 10/g)).toHaveLength(2)
  await expect(strip.getByRole('alert')).toBeHidden()

  await page.getByRole('radio', { name: 't-SNE' }).click() // takes its time
  await strip.getByRole('button', { name: 'Save' }).click()
  await strip.getByRole('button', { name: 'Cancel' }).click()
  await expect(strip.getByRole('button', { name: 'Save' })).toBeEnabled()
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  await page.screenshot({ path: info.outputPath('animation.png') })
})

test('a map answers the pointer, the keyboard and the slider', async ({ page }) => {
  await open(page, '/explore/project-1?round=2')
  const map = page.getByRole('application').first()
  await expect(map).toBeVisible()
  const box = (await map.boundingBox())!
  // Some row is near the middle of the cloud; a short search finds it.
  for (let step = 0; step < 40 && (await page.getByText('Why selected').count()) === 0; step++)
    await page.mouse.click(box.x + box.width * (0.3 + 0.01 * step), box.y + box.height / 2)
  await expect(page.getByText(/^Rank among/)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByText(/^Rank among/)).toBeHidden()

  await page.keyboard.press('ArrowRight')
  await expect(page.getByText('Round 3 /')).toBeVisible()
  await page.keyboard.press('Space')
  await expect(page.getByText('Round 5 /')).toBeVisible({ timeout: 5000 })
  await page.keyboard.press('Space')

  await page.getByRole('button', { name: 'Lasso' }).click()
  await page.mouse.move(box.x + 20, box.y + 20)
  await page.mouse.down()
  for (const [x, y] of [
    [0.9, 0.05],
    [0.9, 0.9],
    [0.05, 0.9],
  ])
    await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 5 })
  await page.mouse.up()
  await expect(page.getByRole('heading', { name: /rows in the lasso/ })).toBeVisible()
  await page.keyboard.press('t')
  await expect(page.getByRole('columnheader', { name: 'round' })).toBeVisible()
})
