import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { unzipSync } from 'fflate'
import { cliFolder } from '../../support/cliFolder'
import { datasetInfo } from '@main/node/datasets'
import { madeResults, plainStudy, storeResults } from '../../support/paperTwin'

const folder = cliFolder()
const strategies = '[random, entropy, { id: badge, name: "<b>&</script>" }]'
const json = (text: string) => JSON.parse(text) as Record<string, unknown>
const hashes = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder.path(dir), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('runs'))
      .map((entry) => `${entry.parentPath}/${entry.name}`)
      .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  )

beforeAll(async () => {
  await storeResults(madeResults(plainStudy(strategies, 6, 3)), folder.path('done'))
  await storeResults(madeResults(plainStudy(strategies, 6, 3), { isFinished: (_, seed) => seed < 4 }), folder.path('partial'))
})

describe('querent report', () => {
  it('writes what is asked for and nothing else', async () => {
    const { code, stdout } = await folder.run('report', 'done', '--figures', 'svg', '--latex', '--json')
    expect(code).toBe(0)
    const said = json(stdout)
    expect(said).toMatchObject({ runs: 18, finished: 18, failed: 0, baseline: 'random', html: null, bundle: null })
    expect(said.figures).toEqual(expect.arrayContaining(['figures/learning-curves.svg', 'figures/learning-curves.csv']))
    expect(said.tables).toEqual(
      expect.arrayContaining(['tables/results.tex', 'tables/results.csv', 'tables/macros.tex', 'tables/references.bib']),
    )
    for (const name of [...(said.figures as string[]), ...(said.tables as string[])])
      expect(existsSync(folder.path(`done/${name}`)), name).toBe(true)
    expect(existsSync(folder.path('done/report.html'))).toBe(false)
    expect(readdirSync(folder.path('done/figures')).some((name) => name.endsWith('.pdf') || name.endsWith('.tmp'))).toBe(false)
  })

  it('is the same from run to run, without touching the results', async () => {
    await folder.run('report', 'done', '--figures', 'svg', '--html')
    const first = hashes('done')
    await folder.run('report', 'done', '--figures', 'svg', '--html')
    expect(hashes('done')).toEqual(first)
  })

  it('makes a page that loads nothing, runs only its own script and shows names as they are', () => {
    const html = readFileSync(folder.path('done/report.html'), 'utf8')
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]
    expect(html).toContain(`script-src &#39;sha256-`.replaceAll('&#39;', "'") + createHash('sha256').update(script).digest('base64'))
    expect(html).toContain("default-src 'none'")
    expect(html).toContain('&lt;b&gt;&amp;&lt;/script&gt;')
    expect(html.match(/<script/g)).toHaveLength(2 + script.split('<script').length - 1)
    expect(html.replace(script, '')).not.toMatch(/\b(src|href)="(?!data:|#)/)
    expect(html.length).toBeLessThan(1_200_000)
  })

  it('reports unfinished results as partial', async () => {
    const { code, stdout, stderr } = await folder.run('report', 'partial', '--html', '--json')
    expect([code, json(stdout).finished, json(stdout).runs]).toEqual([0, 12, 18])
    expect(stderr).toContain('partial: 12 of 18 runs have finished')
    const html = readFileSync(folder.path('partial/report.html'), 'utf8')
    expect(html).toContain('Partial: 12 of 18 runs have finished')
  })

  it('bundles everything into a folder or a zip', async () => {
    expect((await folder.run('report', 'done', '--latex', '--bundle', 'paper.zip')).code).toBe(0)
    const names = Object.keys(unzipSync(readFileSync(folder.path('paper.zip'))))
    for (const name of [
      'README.txt',
      'manifest.json',
      'study.yaml',
      'report.html',
      'data/rounds.csv',
      'figures/learning-curves.pdf',
      'tables/macros.tex',
      'tables/references.bib',
    ])
      expect(names).toContain(name)
    mkdirSync(folder.path('taken'))
    writeFileSync(folder.path('taken/mine.txt'), '')
    expect(await folder.run('report', 'done', '--latex', '--bundle', 'taken')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('mine.txt') as string,
    })
    expect(readdirSync(folder.path('taken'))).toEqual(['mine.txt'])
  })

  it('animates the choices of two strategies on a map of the data set', async () => {
    const view = madeResults(plainStudy(strategies, 1, 2))
    const { rows, sha256 } = await datasetInfo('wine', folder.path('.'), folder.path('library'))
    const datasets = view.manifest.datasets.map((dataset) => ({ ...dataset, rows, sha256 }))
    await storeResults({ ...view, manifest: { ...view.manifest, datasets } }, folder.path('moving'))
    const { code, stdout, stderr } = await folder.run(
      'report',
      'moving',
      '--animation',
      'gif,svg',
      '--strategies',
      'entropy,random',
      '--json',
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(json(stdout).figures).toEqual([
      'figures/selection-000.svg',
      'figures/selection-001.svg',
      'figures/selection-002.svg',
      'figures/selection.gif',
    ])
    expect(readFileSync(folder.path('moving/figures/selection-002.svg'), 'utf8')).toMatch(
      />entropy<[\s\S]*>random<[\s\S]*PCA of wine, seed 0</,
    )
    expect(readFileSync(folder.path('moving/figures/selection.gif')).subarray(0, 6).toString()).toBe('GIF89a')
  })

  it.each([
    [['report', 'done', '--animation', 'gif'], 'the data set wine changed'],
    [['report', 'done', '--animation', 'avi'], 'gif, mp4, svg'],
    [['report', 'done', '--animation', 'gif', '--strategies', 'entropi'], 'entropy'],
    [['report', 'done', '--animation', 'gif', '--strategies', 'random,entropy,random'], 'one strategy or two'],
    [['report', 'done', '--animation', 'gif', '--map', 'mds'], 'umap'],
    [['report', 'nowhere'], 'manifest.json'],
    [['report', 'done', '--baseline', 'entropi'], 'entropy'],
    [['report', 'done', '--figures', 'svg,gif'], 'gif'],
    [['report', 'done', '--venue', 'icmlx'], 'icml'],
  ])('refuses %j', async (argv, said) => {
    const { code, stderr } = await folder.run(...argv)
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  })

  it('refuses a damaged folder and leaves it as it is', async () => {
    cpSync(folder.path('done'), folder.path('damaged'), { recursive: true })
    for (const name of ['figures', 'tables', 'report.html']) rmSync(folder.path(`damaged/${name}`), { recursive: true })
    writeFileSync(folder.path('damaged/manifest.json'), '{ "format": 1 }')
    const { code, stderr } = await folder.run('report', 'damaged')
    expect([code, stderr]).toEqual([2, expect.stringContaining('manifest.json')])
    expect(readdirSync(folder.path('damaged')).sort()).toEqual(['manifest.json', 'runs', 'study.yaml'])
  })
})
