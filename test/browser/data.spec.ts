import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { concatenate, integer, message, text } from '../../src/backends/onnx/protobuf'
import { atMost, watchTasks } from '../support/longestTask'
import { builtMain, hasChromium } from '../support/paths'
import { killed, startHost, type Host } from '../support/servedHost'

test.skip(!hasChromium, 'no Chromium on this machine')
test.describe.configure({ timeout: 180_000 })

const home = mkdtempSync(join(tmpdir(), 'querent-data-'))
const workspace = join(home, 'workspace')
let host: Host

/** An array file of bytes or 32-bit integers. */
function npy(file: string, values: Uint8Array | Int32Array, shape: readonly number[]): string {
  const type = values instanceof Uint8Array ? '|u1' : '<i4'
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`
  const head = Buffer.from(`\x93NUMPY\x01\x00  ${text.padEnd(117)}\n`, 'latin1')
  head.writeUInt16LE(118, 8)
  writeFileSync(file, Buffer.concat([head, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]))
  return file
}
/** Numbers that look random, always the same. */
const noise = (i: number): number => (Math.imul(i + 1, 2654435761) >>> 8) & 0xff

function bring(id: string, kind: string, files: Readonly<Record<string, string>>, more: readonly string[] = []): void {
  const folder = join(home, id)
  const named = Object.entries(files).map(([name, text]) => {
    const file = join(folder, name)
    if (text !== '') writeFileSync(file, text)
    return file
  })
  execFileSync(process.execPath, [builtMain('cli'), 'datasets', 'import', ...named, '--id', id, '--kind', kind, ...more], {
    env: { ...process.env, QUERENT_WORKSPACE: workspace },
    stdio: 'pipe',
  })
}
const folderOf = (id: string): string => {
  const folder = join(home, id)
  mkdirSync(folder, { recursive: true })
  return folder
}

const faults: string[] = []
let page: Page
test.beforeAll(async ({ browser }) => {
  const rows = 60_000
  const pictures = folderOf('pictures')
  const pixels = new Uint8Array(rows * 784)
  for (let i = 0; i < pixels.length; i++) {
    const row = Math.floor(i / 784)
    pixels[i] = ((i % 28) * (1 + (row % 10)) + Math.floor((i % 784) / 28) * 6 + (row % 41)) & 0xff
  }
  npy(join(pictures, 'X.npy'), pixels, [rows, 1, 28, 28])
  npy(
    join(pictures, 'y.npy'),
    Int32Array.from({ length: rows }, (_, i) => i % 10),
    [rows],
  )
  bring('pictures', 'image', { 'X.npy': '', 'y.npy': '' })

  const many = folderOf('many')
  npy(
    join(many, 'X.npy'),
    Uint8Array.from({ length: 4_000_000 }, (_, i) => noise(i)),
    [1_000_000, 4],
  )
  npy(
    join(many, 'y.npy'),
    Int32Array.from({ length: 1_000_000 }, (_, i) => i % 1000),
    [1_000_000],
  )
  bring('many', 'vector', { 'X.npy': '', 'y.npy': '' })

  const colours = folderOf('colours')
  npy(
    join(colours, 'X.npy'),
    Uint8Array.from({ length: 300 * 3072 }, (_, i) => (noise(Math.floor(i / 97)) + (i % 32) * 3) & 0xff),
    [300, 3, 32, 32],
  )
  npy(
    join(colours, 'y.npy'),
    Int32Array.from({ length: 300 }, (_, i) => i % 5),
    [300],
  )
  bring('colours', 'image', { 'X.npy': '', 'y.npy': '' })

  folderOf('notes')
  const words = 'offer meeting invoice lunch winner report free agenda prize'.split(' ')
  const lines = Array.from({ length: 400 }, (_, i) => {
    const text = Array.from({ length: 10 + (noise(i) % 50) }, (_, j) => words[noise(i * 61 + j) % words.length]).join(' ')
    return JSON.stringify({ text: `note ${i}: ${text}`, label: i % 3 === 0 ? 'spam' : 'ham' })
  })
  bring('notes', 'text', { 'notes.jsonl': lines.join('\n') }, ['--features', '64'])

  folderOf('waves')
  const waves = Array.from({ length: 200 }, (_, i) => {
    const channel = (c: number): number[] =>
      Array.from({ length: 96 }, (_, t) => Number(Math.sin((t * (1 + (i % 4))) / (6 + c)).toFixed(3)))
    return JSON.stringify({ wave: [channel(0), channel(1), channel(2), channel(3)], label: `kind ${i % 4}` })
  })
  bring('waves', 'series', { 'waves.jsonl': waves.join('\n') })

  folderOf('flowers')
  const flowers = Array.from(
    { length: 500 },
    (_, i) => `${i % 7 === 0 ? '' : noise(i) / 10},${noise(3 * i)},${['red', 'blue'][i % 2]},${['rose', 'lily', 'iris'][i % 3]}`,
  )
  bring('flowers', 'tabular', { 'flowers.csv': `petal length,petal width,colour,species\n${flowers.join('\n')}\n` }, ['--label', 'species'])

  host = await startHost(workspace, 0)
  // The address works once, so all tests share a page.
  page = await (await browser.newContext()).newPage()
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !/GL Driver Message/.test(message.text())) faults.push(message.text())
  })
  await page.goto(host.url)
  await expect(page.locator('main h1')).toBeVisible()
})
test.afterAll(async () => {
  if (host) await killed(host.child)
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

test.afterEach(() => {
  expect(faults).toEqual([])
})

async function open(set: string, tab = ''): Promise<void> {
  await page.evaluate(() => void (location.hash = '/projects'))
  await page.evaluate((hash) => void (location.hash = hash), `/data?set=${set}${tab && `&tab=${tab}`}`)
  await expect(page.getByRole('complementary', { name: 'Data set' })).toBeVisible()
}
/** Accessible in both themes; pictures of it for people who look. */
async function look(name: string): Promise<void> {
  await page.setViewportSize({ width: 1920, height: 1080 })
  await page.waitForTimeout(150)
  await page.screenshot({ path: test.info().outputPath(`${name}-wide.png`) })
  await page.setViewportSize({ width: 1280, height: 800 })
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.waitForTimeout(200)
    await page.screenshot({ path: test.info().outputPath(`${name}-${colorScheme}.png`) })
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(' | ')}`),
      `${name} ${colorScheme}`,
    ).toEqual([])
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scroll').toBe(true)
}

test('60,000 pictures: the page opens and scrolls without a long task', async ({ browser }) => {
  const opening = await watchTasks(page, browser)
  await open('pictures', 'samples')
  const grid = page.getByRole('application', { name: /^60,000 pictures/ })
  await expect(grid).toHaveAccessibleName(/At row 0, 0$/, { timeout: 30_000 })
  const opened = await opening.stop()
  const scrolling = await watchTasks(page, browser)
  await grid.hover()
  for (let i = 0; i < 40; i++) {
    await page.mouse.wheel(0, i % 10 === 9 ? 40_000 : 900)
    await page.waitForTimeout(50)
  }
  const scrolled = await scrolling.stop()
  expect(opened.processorMs).toBeLessThan(atMost(100))
  expect(scrolled.processorMs).toBeLessThan(atMost(50))
  await look('pictures')
})

test('pictures by keyboard and by class, one of them large', async () => {
  await open('pictures', 'samples')
  const grid = page.getByRole('application')
  await expect(grid).toHaveAccessibleName(/At row 0, 0$/, { timeout: 30_000 })
  await grid.focus()
  await page.keyboard.press('ArrowRight')
  await expect(grid).toHaveAccessibleName(/At row 1, 1$/)
  await page.keyboard.press('End')
  await expect(grid).toHaveAccessibleName(/At row 59,999, 9$/)
  await page.getByRole('combobox', { name: 'Class' }).fill('7')
  await expect(page.getByRole('application', { name: /^6,000 pictures.*At row 7, 7$/ })).toBeVisible()
  await grid.focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Row 7: 7' })
  await expect(dialog.getByRole('img')).toBeVisible()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('dialog', { name: 'Row 17: 7' })).toBeVisible()
  await look('picture')
  await page.keyboard.press('Escape')
  await expect(grid).toHaveAccessibleName(/At row 17, 7$/)
  await page.getByRole('button', { name: 'All classes' }).click()
  await expect(page.getByRole('application', { name: /^60,000 pictures/ })).toBeVisible()
})

test('a million rows of a thousand classes', async ({ browser }) => {
  const opening = await watchTasks(page, browser)
  await open('many')
  await expect(page.getByText(/^1,000 classes/)).toBeVisible({ timeout: 60_000 })
  const opened = await opening.stop()
  await look('many')
  await page.getByRole('radio', { name: 'by rows' }).click()
  await page.getByRole('tab', { name: 'Samples' }).click()
  const grid = page.getByRole('grid', { name: 'Samples' })
  await expect(grid.getByRole('row').nth(1).getByRole('gridcell').nth(2)).toBeVisible()
  const scrolling = await watchTasks(page, browser)
  await grid.hover()
  for (let i = 0; i < 20; i++) {
    await page.mouse.wheel(0, 700)
    await page.waitForTimeout(50)
  }
  await grid.focus()
  await page.keyboard.press('End')
  await expect(grid).toContainText('999,999')
  const scrolled = await scrolling.stop()
  expect(opened.processorMs).toBeLessThan(atMost(100))
  expect(scrolled.processorMs).toBeLessThan(atMost(50))
  await look('many-rows')
})

for (const [set, shown] of [
  ['colours', /^300 pictures/],
  ['notes', /note 3: /],
  ['waves', /kind 3/],
  ['flowers', /petal length/],
] as const)
  test(`samples of ${set}`, async () => {
    await open(set)
    await expect(page.getByText(/rows each|to .* rows/).first()).toBeVisible({ timeout: 30_000 })
    // Overview and dialog are the same for every kind.
    if (set === 'flowers') await look(`${set}-overview`)
    await page.getByRole('tab', { name: 'Samples' }).click()
    const samples = page.getByRole('application').or(page.getByRole('grid', { name: 'Samples' }))
    if (set === 'colours') await expect(samples).toHaveAccessibleName(/At row 0, 0$/)
    else await expect(samples).toContainText(shown)
    await look(set)
    await samples.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('dialog', { name: /^Row \d+: / })).toBeVisible()
    if (set === 'colours') await look(`${set}-one`)
  })

test('a split is made, kept, saved, removed and brought back', async () => {
  await open('flowers', 'split')
  await page.getByRole('textbox', { name: 'Test rows' }).fill('600')
  await expect(page.getByRole('alert')).toContainText('none is left to train on')
  await page.getByRole('textbox', { name: 'Test rows' }).fill('0.2')
  await expect(page.getByRole('group', { name: 'Rows of each class in the new split' })).toBeVisible()
  await page.getByRole('textbox', { name: 'Name' }).fill('paper one')
  await expect(page.getByText('Letters, digits, - and _')).toBeVisible()
  await page.getByRole('textbox', { name: 'Name' }).fill('paper')
  await page.getByRole('button', { name: 'Keep this split' }).click()
  const row = page.getByRole('row', { name: /^paper/ })
  await expect(row).toContainText('350')
  await look('split')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save paper as a file' }).click()
  expect((await download).suggestedFilename()).toBe('flowers-paper.json')
  await page.getByRole('button', { name: 'Remove paper' }).click()
  await expect(row).toBeHidden()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row).toBeVisible()
  await page.getByRole('button', { name: 'New study on this split' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Design' })).toBeVisible()
})

test('a data set is removed and brought back', async () => {
  await open('colours', 'use')
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  const row = page.getByRole('button', { name: 'colours', exact: true })
  await expect(row).toBeHidden()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(row).toBeVisible()
  await row.focus()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('button', { name: 'flowers', exact: true })).toBeFocused()
})

/** A network that means each plane of pictures of 3 × 32 × 32. */
function planeMeans(file: string): string {
  const port = (field: number, name: string, lengths: readonly number[]) =>
    message(field, [
      text(1, name),
      message(2, [
        message(1, [
          integer(1, 1),
          message(
            2,
            [text(2, 'rows'), ...lengths.map((length) => integer(1, length))].map((length) => message(1, [length])),
          ),
        ]),
      ]),
    ])
  const node = message(1, [text(1, 'x'), text(2, 'y'), text(4, 'GlobalAveragePool')])
  const graph = message(7, [node, text(2, 'means'), port(11, 'x', [3, 32, 32]), port(12, 'y', [3, 1, 1])])
  writeFileSync(file, concatenate([integer(1, 10), graph, message(8, [text(1, ''), integer(2, 21)])]))
  return file
}

test('features are made with a network in a file, once what it refuses is mended', async () => {
  await open('colours', 'use')
  const section = page.getByRole('region', { name: 'Features' })
  await expect(section).toContainText('None yet')
  await section.getByRole('button', { name: 'Extract with a network…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Features of colours' })
  await expect(dialog).toContainText('Apache-2.0')
  await look('extract')
  await dialog.getByRole('combobox', { name: /^Network/ }).click()
  await page.getByRole('option', { name: 'an .onnx file' }).click()
  await dialog.getByRole('button', { name: 'Extract', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('Choose an .onnx file')
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), dialog.getByRole('button', { name: 'Choose files…' }).click()])
  await chooser.setFiles(planeMeans(join(home, 'means.onnx')))
  await dialog.getByLabel('mean, subtracted').fill('0.5, 0.5')
  await dialog.getByRole('button', { name: 'Extract', exact: true }).click()
  await expect(section.getByRole('alert')).toContainText('2 values of mean for 3 channels', { timeout: 30_000 })
  await section.getByRole('button', { name: 'Change…' }).click()
  await expect(dialog.getByLabel('mean, subtracted')).toHaveAccessibleDescription(/2 values of mean/)
  await dialog.getByLabel('mean, subtracted').fill('0.5')
  await dialog.getByRole('button', { name: 'Extract', exact: true }).click()
  await expect(section).toContainText('features: means', { timeout: 30_000 })
  await expect(section).toContainText('3 numbers a row')
  await look('features')
})

test('a data set goes back to a file', async () => {
  await open('flowers', 'use')
  const file = page.getByRole('region', { name: 'As a file' })
  const [csv] = await Promise.all([page.waitForEvent('download'), file.getByRole('button', { name: 'Save as CSV' }).click()])
  expect(csv.suggestedFilename()).toBe('flowers.csv')
  const lines = readFileSync(await csv.path(), 'utf8')
    .trimEnd()
    .split('\n')
  expect(lines[0]).toBe('petal length,petal width,colour = blue,colour = red,label,split')
  expect(lines).toHaveLength(501)
  await open('colours', 'use')
  await expect(file.getByRole('button', { name: 'Save as CSV' })).toHaveCount(0)
  const [npz] = await Promise.all([page.waitForEvent('download'), file.getByRole('button', { name: 'Save as .npz' }).click()])
  const again = execFileSync(process.execPath, [builtMain('cli'), 'datasets', 'import', await npz.path(), '--kind', 'image', '--json'], {
    env: { ...process.env, QUERENT_WORKSPACE: workspace },
    stdio: 'pipe',
  })
  expect(JSON.parse(String(again))).toMatchObject({ known: true, dataset: { id: 'colours' } })
})
