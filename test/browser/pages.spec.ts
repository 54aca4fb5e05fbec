import { readFileSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { unzipSync } from 'fflate'
import type { MemoryLab } from '../support/memoryLab'
import { atMost, longestTask } from '../support/longestTask'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

declare global {
  interface Window {
    memoryLab: MemoryLab
    layoutShift: number
  }
}

test.skip(!hasChromium, 'no Chromium on this machine')
test.describe.configure({ mode: 'parallel' })

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
  await page.goto(`${workbench}${query}#${hash}`)
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

test('40 live runs: no long task, no layout shift', { tag: '@alone' }, async ({ page, browser }) => {
  await open(page, '/projects', '?with=nothing&pace=6')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByText(/ per curve so far/)).toBeVisible()
  await page.evaluate(() => {
    window.layoutShift = 0
    new PerformanceObserver((list) =>
      list.getEntries().forEach((entry) => (window.layoutShift += (entry as PerformanceEntry & { value: number }).value)),
    ).observe({ type: 'layout-shift' })
  })
  expect(await longestTask(page, browser, 4000), 'runs').toBeLessThan(atMost(50))
  expect(await page.evaluate(() => window.layoutShift)).toBeLessThan(0.01)
  await page.getByRole('button', { name: 'random, seed 0: details' }).click()
  expect(await longestTask(page, browser, 3000), 'runs with details').toBeLessThan(atMost(50))
  await page.keyboard.press('Control+5')
  await expect(page.getByText('So far:')).toBeVisible()
  expect(await longestTask(page, browser, 3000), 'compare').toBeLessThan(atMost(50))
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

test('compare: every view is accessible, light and dark, and says what it lacks', async ({ page }, info) => {
  await page.setViewportSize({ width: 1920, height: 1080 })
  await open(page, '/compare/project-2')
  const views: readonly (readonly [tab: string, ready: RegExp])[] = [
    ['At budget', /Along the budget/],
    ['Wins', /Pairwise penalty matrix/],
    ['Ablation effects', /Every cell/],
    ['Cost', /Time of a run/],
    ['Diversity', /Mean pairwise distance within/],
    ['Overlap', /No method was shadowed/],
    ['Classes', /Equal shares would be/],
    ['Calibration', /not its expected calibration error/],
  ]
  for (const [tab, ready] of views) {
    await page.getByRole('tab', { name: tab }).click()
    await expect(page.getByText(ready).first()).toBeVisible()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(250)
      await page.screenshot({ path: info.outputPath(`compare-${tab}-${colorScheme}.png`) })
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`),
        tab,
      ).toEqual([])
    }
  }
})

test('compare: a cell leads to its curves, a row stands out, export carries the view', async ({ page }) => {
  await open(page, '/compare/project-2?tab=effects')
  await page.getByRole('button', { name: /^acq, warm, entropy: .*show its curves/ }).click()
  await expect(page).toHaveURL(/strategy=acq/)
  await expect(page.getByRole('combobox', { name: 'Weights: warm' })).toBeVisible()
  const areas = page.getByRole('region', { name: 'Area under the curve' })
  await page.mouse.move(600, 5)
  await expect(areas.getByRole('row', { name: /acq/ })).toHaveCount(1) // once the worker has answered for the cell
  await expect(areas.getByRole('row', { name: /acq/ })).toHaveClass(/on/)
  await areas.getByRole('cell', { name: 'baseline' }).click()
  await expect(page).toHaveURL(/strategy=random/)
  await page.keyboard.press('2')
  await expect(page).toHaveURL(/hide=badge/)
  await page.getByRole('combobox', { name: /^Facet/ }).click()
  await page.getByRole('option', { name: 'Weights' }).click()
  await expect(page).toHaveURL(/by=training.weightStart/)
  await page.keyboard.press('t')
  await expect(page.getByRole('region', { name: /data table/ })).toContainText('warm')
  await page.getByRole('tab', { name: 'Cost' }).click()
  await page.getByRole('textbox', { name: 'Price of a label' }).fill('0.5')
  await page.keyboard.press('Enter')
  await expect(page.getByText(/0.5 per label/)).toBeVisible()
  await page.getByRole('button', { name: 'Export: Cost frontier' }).click()
  await expect(page).toHaveURL(/export.*figure=cost/)
  await expect(page).toHaveURL(/labelPrice=0.5/)
})

test('compare: results of other experiments and tables, their origin said', async ({ page }) => {
  await open(page, '/compare/project-1')
  await expect(page.getByText('n = 10 paired seeds;')).toBeVisible()
  const rows = Array.from({ length: 8 }, (_, seed) =>
    [20, 120, 220].map((labels) => `mine,${seed},${labels},${0.6 + labels / 1000 + seed / 500},digits`),
  )
  const add = async (text: string): Promise<void> => {
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Add results' }).click()
    await page.getByRole('menuitem', { name: 'CSV or JSON table…' }).click()
    await (await chooser).setFiles({ name: 'other.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  }
  await add(`who,seed,labeled,accuracy,dataset\n${rows.flat().join('\n')}\n`)
  await expect(page.getByRole('dialog', { name: 'Which column is it?' })).toBeVisible()
  await page.getByRole('combobox', { name: /Strategy or method/ }).click()
  await page.getByRole('option', { name: 'who' }).click()
  await page.getByRole('button', { name: 'Use this column' }).click()
  await expect(page.getByRole('group', { name: 'Origin of the results' })).toContainText('other: 8 runs')
  await expect(page.getByRole('region', { name: 'Area under the curve' })).toContainText('other: mine')
  await expect(page).toHaveURL(/with=table-/)
  await page.getByRole('button', { name: 'Export figure' }).click()
  await expect(page.getByRole('checkbox', { name: 'other: mine' })).toBeChecked()
  await expect(page.getByRole('img', { name: 'Learning curves as it will be printed' })).toBeVisible()
  await page.goBack()
  await add('strategy,seed,labeled,accuracy\nmine,0,many,0.5\n')
  await expect(page.getByRole('region', { name: /Notifications/ }).getByText(/other.csv, line 2: labeled is many/)).toBeVisible()
  await page.getByRole('button', { name: 'Leave out other' }).click()
  await expect(page.getByRole('group', { name: 'Origin of the results' })).toBeHidden()
})

test('compare: a thousand runs of thirty strategies do not hold up the page', async ({ page, browser }) => {
  await open(page, '/projects', '?with=nothing')
  const project = await page.evaluate(async () => {
    const variants = Array.from({ length: 28 }, (_, i) => `  - { id: entropy, name: variant-${i} }`).join('\n')
    const yaml = `study: huge\ndataset: digits\ndata: { test: 500 }\nmodel: { type: mlp, hidden: [64] }\nprotocol: { seeds: 34, initial: 20, initialSampling: stratified, query: 20, rounds: 10 }\nstrategies:\n  - random\n  - margin\n${variants}\n`
    const { id } = await window.memoryLab.call('project.create', { from: { yaml } })
    await window.memoryLab.call('experiment.start', { project: id })
    for (let i = 0; i < 700; i++) window.memoryLab.step(2000)
    return id
  })
  await page.goto(`${workbench}?with=nothing#/runs/${project}`)
  await expect(page.getByText('1,020 runs')).toBeVisible()
  await page.waitForTimeout(2000)
  const longest = longestTask(page, browser, 4000)
  await page.keyboard.press('Control+5')
  expect(await longest).toBeLessThan(300)
  await expect(page.getByRole('img', { name: /^accuracy/ })).toBeVisible({ timeout: 30_000 })
})

test('export saves a table and previews the figure at print size', async ({ page }) => {
  await open(page, '/export/project-1')
  const figure = page.getByRole('img', { name: 'Learning curves as it will be printed' })
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

test('a sheet: ticked figures and tables in one file, heights and formats in the address', async ({ page }) => {
  await open(page, '/export/project-1')
  await page.getByRole('button', { name: 'Win matrix' }).click()
  const figure = page.getByRole('img', { name: 'Win matrix as it will be printed' })
  await expect(figure).toBeVisible()
  await page.getByRole('textbox', { name: 'Height in millimetres' }).fill('15')
  await expect(page.getByText('at least 20')).toBeVisible()
  await page.getByRole('textbox', { name: 'Height in millimetres' }).fill('90')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/heights=wins:90/)
  await expect.poll(async () => Math.round((await figure.boundingBox())?.height ?? 0)).toBe(Math.round((90 / 25.4) * 96))
  for (const name of ['Put Learning curves on the sheet', 'Put Win matrix on the sheet', 'Results on digits', 'SVG'])
    await page.getByRole('checkbox', { name }).check()
  await page.reload()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save 2 figures, 1 table' }).click()
  expect((await download).suggestedFilename()).toBe('sample-sheet.zip')
  await page.getByText('figures not in these results').click()
  await page.getByRole('button', { name: /^Ablation: main effects/ }).click()
  await expect(page.getByRole('heading', { name: 'Not in these results' })).toBeVisible()
  await expect(page.getByRole('button', { name: /^Save figure/ })).toBeDisabled()
})

test('results of the command line are opened by their path; a wrong one is explained at the field', async ({ page }) => {
  await open(page, '/projects')
  await page.keyboard.press('Control+o')
  const field = page.getByRole('textbox', { name: 'Path on this machine' })
  await expect(field).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('Type the path')
  await field.fill('/home/ada/nothing')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('there is no such file or folder')
  await page.reload()
  await page.keyboard.press('Control+o')
  await expect(field).toHaveValue('/home/ada/nothing')
  await field.fill('/home/ada/results')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Compare' })).toBeVisible()
})

test('projects are archived, brought back, and saved as one file', async ({ page }) => {
  await open(page, '/projects')
  const more = page.getByRole('button', { name: 'More for gradnorm-ablation' })
  await more.click()
  await page.getByRole('menuitem', { name: 'Archive' }).click()
  const link = page.getByRole('link', { name: 'gradnorm-ablation', exact: true })
  await expect(link).toBeHidden()
  await page.getByRole('radio', { name: 'Archived (1)' }).click()
  await more.click()
  await page.getByRole('menuitem', { name: 'Bring back' }).click()
  await expect(link).toBeVisible()
  const download = page.waitForEvent('download')
  await page.keyboard.press('Control+Shift+S')
  expect((await download).suggestedFilename()).toBe('project.querent.zip')
})

test('what is dropped is told apart', async ({ page }) => {
  await open(page, '/data')
  await page.evaluate(() => {
    const data = new DataTransfer()
    data.items.add(new File(['study: dropped'], 'dropped.yaml'))
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
  })
  await expect(page.getByRole('heading', { level: 1, name: 'Compare' })).toBeVisible()
})

test('settings: room is freed, licences are shown', async ({ page }) => {
  await open(page, '/settings')
  const clear = page.getByRole('button', { name: 'Clear: Deleted projects, results and sessions' })
  await clear.click()
  await page.getByRole('dialog').getByRole('button', { name: 'Clear', exact: true }).click()
  await expect(clear).toBeDisabled()
  await page.getByRole('button', { name: 'About and licences' }).click()
  await expect(page).toHaveURL(/about=open/)
  await page.getByRole('textbox', { name: 'Filter packages' }).fill('vue')
  await page.getByText('vue', { exact: false }).first().click()
  await expect(page.getByRole('dialog', { name: 'About Querent' })).toContainText('MIT')
})

test('an error of the page itself is shown, with its details to copy', async ({ page }) => {
  await open(page, '/projects')
  await page.evaluate(() => void Promise.reject(new Error('the map of nothing')))
  const screen = page.getByRole('alertdialog', { name: 'This page ran into an error of its own' })
  await expect(screen).toContainText('the map of nothing')
  await expect(screen).toContainText('#/projects')
  const { violations } = await new AxeBuilder({ page }).include('[role="alertdialog"]').analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  await screen.getByRole('button', { name: 'Go on without reloading' }).click()
  await expect(screen).toBeHidden()
  faults.get(page)?.splice(0)
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
  for (let step = 0; step < 40 && (await page.getByText(/^Why (not )?selected$/).count()) === 0; step++)
    await page.mouse.click(box.x + box.width * (0.1 + 0.01 * step), box.y + box.height * 0.37)
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
  for (const x of [0.9, 0.05]) await page.mouse.move(box.x + box.width * x, box.y + box.height * 0.9, { steps: 5 })
  await page.mouse.up()
  await expect(page.getByRole('heading', { name: /rows in the lasso/ })).toBeVisible()
  await page.keyboard.press('t')
  await expect(page.getByRole('columnheader', { name: 'round' })).toBeVisible()
})
