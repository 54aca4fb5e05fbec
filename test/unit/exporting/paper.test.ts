import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { bibtex } from '@main/exporting/bibtex'
import { latexTable, latexText } from '@main/exporting/latex'
import { paperOf, tableFiles } from '@main/exporting/paper'
import { zip } from '@main/exporting/paperFiles'
import { captionOf, csvTwin, decimal, markdownTable } from '@main/exporting/paperTable'
import { defaultStats } from '../../support/records'
import { madeResults, plainStudy } from '../../support/paperTwin'

const commandsIn = (macros: string): string[] => [...macros.matchAll(/^\\newcommand\{\\(.*?)\}/gm)].map((match) => match[1])

describe('LaTeX text', () => {
  it.each([
    ['a_b & 5% $x$ #1 {y} ~ ^ \\', 'a\\_b \\& 5\\% \\$x\\$ \\#1 \\{y\\} \\textasciitilde{} \\textasciicircum{} \\textbackslash{}'],
    ['−0.8 ± 2', '\\ensuremath{-}0.8 \\ensuremath{\\pm} 2'],
    ['Gonçalves-Pérez ł β', "Gon\\c{c}alves-P\\'{e}rez \\l{} \\ensuremath{\\beta}"],
    ['naïve', 'na\\"{\\i}ve'],
    ['line\nbreak', 'line break'],
    ['日本', '\\ifdefined\\Umathchar 日\\else[U+65E5]\\fi{}\\ifdefined\\Umathchar 本\\else[U+672C]\\fi{}'],
  ])('%s', (text, source) => expect(latexText(text)).toBe(source))
})

describe('tables', () => {
  const paper = paperOf(madeResults(plainStudy('[random, entropy, { id: badge, name: "a|b_*" }, full-data]')))
  const [results, budgets, differences] = paper.tables

  it('mark the best and what is not significantly different from it', () => {
    const best = results.blocks[0].rows.map((row) => [row[0].text, row[1].mark])
    expect(best).toEqual([
      ['random', undefined],
      ['entropy', undefined],
      ['a|b_*', 'best'],
      ['full-data', undefined],
    ])
    const alike = paperOf(madeResults(plainStudy('[random, entropy, badge]'), { step: 0 })).tables[0]
    expect(alike.blocks[0].rows.map((row) => row[1].mark).sort()).toEqual(['best', 'tied', 'tied'])
    expect(captionOf(alike)).toContain('exact sign-flip test, two-sided, paired by seed, Holm over 2 comparisons, α = 0.05')
  })

  it('say n, interval, budgets, test and correction', () => {
    expect(captionOf(results)).toContain('over 8–20 labels, which all runs share')
    expect(captionOf(results)).toContain('95 % t-interval over n = 8 seeds')
    expect(captionOf(differences)).toContain('adjusted by Holm over 2 comparisons')
  })

  it('hold the metric along the shared budget', () => {
    expect(budgets.columns.map(({ title }) => title)).toEqual(['strategy', '11 labels', '14 labels', '17 labels', '20 labels'])
    expect(budgets.blocks[0].rows.map((row) => row[4].text)).toEqual(results.blocks[0].rows.slice(0, 3).map((row) => row[4].text))
  })

  it('show no p below six seeds, no interval for one, and say so', () => {
    const few = paperOf(madeResults(plainStudy('[random, entropy]', 3)))
    expect(few.tables[2].columns.map(({ title }) => title)).not.toContain('p')
    expect(captionOf(few.tables[0])).toContain('no test says whether it is best')
    const one = paperOf(madeResults(plainStudy('[random, entropy]', 1)))
    expect(captionOf(one.tables[0])).toContain('One seed: no interval.')
    expect(one.tables[0].blocks[0].rows[0][1].text).toMatch(/^\d+\.\d$/)
  })

  it('say what is missing', () => {
    const partial = paperOf(
      madeResults(plainStudy('[random, entropy]'), { isFinished: (strategy, seed) => strategy !== 'entropy' || seed < 6 }),
    )
    expect([partial.finished, partial.results.runs.length]).toEqual([14, 16])
    expect(captionOf(partial.tables[0])).toContain('Partial: 14 of 16 runs have finished.')
    expect(partial.tables[0].columns.map(({ title }) => title)).toContain('n')
    const none = paperOf(madeResults(plainStudy('[random, entropy]'), { isFinished: () => false }))
    expect([none.tables, none.sentence]).toEqual([[], ''])
  })

  it('leave a metric that no run has open', () => {
    const blind = paperOf(madeResults(plainStudy('[random, entropy]'), { change: (record) => ({ ...record, metrics: {} }) }))
    expect(blind.tables[0].blocks[0].rows.map((row) => row[1].text)).toEqual(['–', '–'])
    expect(blind.tables).toHaveLength(1)
  })

  it('have twins in Markdown and CSV with the same rows', () => {
    expect(markdownTable(results)).toContain('| a\\|b\\_\\* | **')
    const [header, ...rows] = csvTwin(results).trim().split('\n')
    expect(header).toBe(
      'dataset,strategy,seeds,aubc,aubc_lo,aubc_hi,aubc_rank,aubc_early,aubc_late,final,final_lo,final_hi,final_rank,ssr,ssr_lo,ssr_hi,ssr_censored,ssr_at',
    )
    expect(rows).toHaveLength(4)
    expect(latexTable(results)).toContain('a\\ensuremath{|}b\\_* & \\textbf{')
  })

  it('are blocks by the levels of study-wide factors, rows by a strategy’s own', () => {
    const study = `${plainStudy('[random, { id: acquisition, name: acq, score: entropy, batch: topk }]')}ablate:\n  training.weightStart: [reinit-fresh, carry]\n  strategies.acq.score: [entropy, margin]\n`
    const [table] = paperOf(madeResults(study)).tables
    expect(table.blocks.map(({ title, rows }) => [title, ...rows.map(([name]) => name.text)])).toEqual([
      ['cold', 'random', 'acq (entropy)', 'acq (margin)'],
      ['warm', 'random', 'acq (entropy)', 'acq (margin)'],
    ])
  })
})

describe('macros', () => {
  const names = ['a_1', 'a-1', 'a₁', '日本', '%', 'k-means++', 'x'.repeat(100), '\\end{document}']
  const study = plainStudy(`[random, ${names.map((name) => `{ id: entropy, name: ${JSON.stringify(name)} }`).join(', ')}]`, 2)
  const { macros } = paperOf(madeResults(study))

  it('are letters only and never twice', () => {
    const commands = commandsIn(macros)
    expect(commands.filter((command) => !/^[a-zA-Z]+$/.test(command))).toEqual([])
    expect(new Set(commands).size).toBe(commands.length)
    for (const command of [
      'qRandomAubc',
      'qAOneAubc',
      'qAOneBAubc',
      'qAOneCAubc',
      'qUnnamedAubc',
      'qUnnamedBAubc',
      'qKMeansPlusPlusVsRandomDiff',
    ])
      expect(commands).toContain(command)
  })

  it('keep one definition on a line, whatever the name', () => {
    for (const line of macros.trim().split('\n').slice(1)) expect(line).toMatch(/^\\newcommand\{\\q[A-Za-z]+\}\{[^%]*\} % /)
  })
})

describe('BibTeX', () => {
  const entry = (id: string, params = {}) => ({ id, name: id, params })
  const of = (...strategies: ReturnType<typeof entry>[]): string =>
    bibtex({ strategies, shadow: [], ablate: {}, stats: { ...defaultStats, correction: 'none', test: 'paired-t' } })

  it('has the methods used, also as a score, a batch rule or a level, each once', () => {
    const text = bibtex({
      strategies: [entry('badge'), entry('acquisition', { score: 'margin', batch: 'kcenter' })],
      shadow: [entry('badge')],
      ablate: { 'strategies.acquisition.score': ['margin', 'least-confidence'] },
      stats: defaultStats,
    })
    const keys = [...text.matchAll(/^@\w+\{(.*),$/gm)].map((match) => match[1])
    for (const key of ['ash2020deep', 'sener2018active', 'scheffer2001active', 'lewis1994sequential', 'holm1979simple'])
      expect(keys.filter((k) => k === key)).toEqual([key])
    expect(keys).toEqual([...keys].sort())
  })

  it('keeps a key whatever else is cited, and is empty without a source', () => {
    expect(of(entry('badge'))).toContain('@inproceedings{ash2020deep,')
    expect(of(entry('random'))).toBe('')
  })
})

describe('files', () => {
  it('are the same from run to run, and a zip does not know the hour', () => {
    const make = () => zip(tableFiles(paperOf(madeResults(plainStudy('[random, entropy]'))), ['csv', 'markdown', 'latex']))
    const first = make()
    expect(make()).toEqual(first)
    expect(Object.keys(unzipSync(first)).sort()).toEqual([
      'budgets.csv',
      'budgets.md',
      'budgets.tex',
      'differences.csv',
      'differences.md',
      'differences.tex',
      'macros.tex',
      'references.bib',
      'results.csv',
      'results.md',
      'results.tex',
      'statistics.txt',
    ])
  })

  it('follow another baseline, and refuse one that is no strategy', () => {
    const view = madeResults(plainStudy('[random, entropy, badge, full-data]'))
    expect(paperOf(view, 'entropy').macros).toContain('\\qBadgeVsEntropyDiff}')
    for (const name of ['entropi', 'full-data'])
      expect(() => paperOf(view, name)).toThrowError(expect.objectContaining({ code: 'bad-input' }))
  })

  it('write a zero without sign', () => {
    expect([decimal(-0.001, 2), decimal(-0.1, 1), decimal(0, 0)]).toEqual(['0.00', '−0.1', '0'])
  })
})
