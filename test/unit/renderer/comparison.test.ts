import { describe, expect, it } from 'vitest'
import { liveFrom } from '@/state/experimentReducer'
import { toResults } from '@/state/toResults'
import { curvesTable } from '@/charts/curvesTable'
import { compare, differenceOf, nearestBudget, testsOf } from '@/features/compare/comparison'
import { gridOf } from '@/features/compare/effectGrid'
import { neededLabels, savedShare, savingInterval } from '@/features/compare/savings'
import { seedHints } from '@/features/compare/seedHints'
import { createMemoryExperiment } from '../../support/memoryExperiment'
import { ablationStudy, sampleStudy } from '../../support/memoryContent'

function resultsOf(yaml: string, turns = 200) {
  const experiment = createMemoryExperiment({ id: 'e', project: 'p', yaml, startedAt: '2026-11-22T09:00:00Z' })
  for (let i = 0; i < turns; i++) experiment.advance(1000)
  return toResults(liveFrom(experiment.snapshot(0)))
}
const view = { dataset: 'digits', metric: 'accuracy', baseline: 'random', facet: {} } as const

describe('comparison', () => {
  const results = resultsOf(sampleStudy)
  const found = compare(results, view)
  const tests = testsOf(results, view)

  it('pairs every strategy with the baseline over ten seeds', () => {
    expect(found).toMatchObject({ finished: 40, runs: 40, seeds: 10 })
    expect(tests).toMatchObject({ fewest: 10, pShown: true, correction: 'holm' })
    expect(found.areas.map(({ strategy }) => strategy)).toEqual(['margin', 'badge', 'random', 'entropy'])
    const [margin, , random] = found.areas
    expect(differenceOf(tests.pairs, random, 'random')).toBeNull()
    expect(differenceOf(tests.pairs, margin, 'random')?.meanDifference).toBeCloseTo((margin.aubc ?? 0) - (random.aubc ?? 0), 12)
    expect(tests.sentence).toContain('n = 10 paired seeds')
  })

  it('changes its baseline and metric with the view', () => {
    const other = { ...view, baseline: 'margin', metric: 'nll' } as const
    expect(compare(results, other).differences.map(({ strategy }) => strategy)).toEqual(['random', 'entropy', 'badge'])
    expect(testsOf(results, other).sentence).toContain('difference to margin')
  })

  it('finds the budget nearest to a place', () => {
    expect(found.budgets[0]).toBe(20)
    expect(nearestBudget(found.budgets, 118)).toBe(120)
    expect(nearestBudget([], 3)).toBeNull()
  })

  it('shows one level of a factor, with the runs that it cannot change', () => {
    const all = resultsOf(ablationStudy)
    const facet = { 'training.weightStart': 'reinit-fresh' }
    const cold = compare(all, { ...view, facet })
    expect(cold.curves.map(({ strategy }) => strategy)).toEqual(['random', 'badge', 'acq', 'acq'])
    expect(cold.areas.every(({ factors }) => factors['training.weightStart'] === 'reinit-fresh')).toBe(true)
    const { pairs } = testsOf(all, { ...view, facet })
    const own = cold.areas.filter(({ strategy }) => strategy === 'acq')
    expect(own.map((row) => differenceOf(pairs, row, 'random')?.seeds)).toEqual([6, 6])
  })

  it('says so far while runs are under way', () => {
    const early = resultsOf(sampleStudy, 3)
    const partial = compare(early, view)
    expect(partial.finished).toBeLessThan(partial.runs)
    expect(testsOf(early, view).pShown).toBe(false)
    expect(partial.curves.length).toBeGreaterThan(0)
  })

  it('gives every curve as a table', () => {
    const table = curvesTable(found.curves, 'accuracy')
    expect(table.columns).toEqual(['strategy', 'labelled samples', 'accuracy (%)', '95 % CI', 'n'])
    expect(table.rows).toHaveLength(44)
    expect(curvesTable(found.differences, 'accuracy').columns[2]).toBe('difference in accuracy (points)')
  })

  it('lays out the grid of cells, the best darkest', () => {
    const { cells, rows } = gridOf(compare(resultsOf(ablationStudy), view).summary, true)
    expect(cells).toHaveLength(4)
    expect(rows.map(({ strategy, values }) => [strategy, values.filter((value) => value !== null).length])).toEqual([
      ['random', 4],
      ['badge', 4],
      ['acq', 4],
    ])
    const values = rows.flatMap((row) => row.values.flatMap((value) => value ?? []))
    const best = values.reduce((a, b) => (b.area > a.area ? b : a))
    const worst = values.reduce((a, b) => (b.area < a.area ? b : a))
    expect([best.shade, worst.shade]).toEqual([5, 1])
    expect(gridOf([], true)).toEqual({ cells: [], rows: [] })
  })

  it('writes savings with their bounds', () => {
    const saving = (ssr: number | null, ssrLo: number | null, ssrHi: number | null, ssrCensored: boolean) => ({
      ssr,
      ssrBounded: ssr === 0.6 ? 0.375 : ssr,
      ssrLo,
      ssrHi,
      ssrCensored,
      ssrAt: 220,
    })
    expect(neededLabels(saving(0.6, 0.2, 0.8, false))).toBe('352 (+60 %)')
    expect(neededLabels(saving(0.6, 0.2, null, true))).toBe('≥ 352 (+60 %)')
    expect(neededLabels(saving(0, 0, null, true))).toBe('over 220')
    expect(neededLabels(saving(null, null, null, false))).toBe('–')
    expect(savedShare(saving(0.6, 0.2, 0.8, false))).toBe('38 %')
    expect(savedShare(saving(0.6, 0.2, null, true))).toBe('≥ 38 %')
    expect(savedShare(saving(0, 0, null, true))).toBe('–')
    expect(savingInterval(saving(0.6, 0.2, null, true))).toBe('≥ +20 %')
    expect(savingInterval(saving(0, 0, null, true))).toBe('–')
    expect(savingInterval(saving(-0.1, -0.25, 0.05, false))).toBe('−25 %, +5 %')
  })

  it('hints at the seeds that open pairs need, the nearest first', () => {
    const early = testsOf(resultsOf(sampleStudy, 30), view)
    const plan = (more: number | null, pAdjusted: number | null) => ({
      pair: { ...tests.pairs[0], pAdjusted },
      alpha: 0.05,
      power: 0.4,
      needed: 20,
      more,
    })
    expect(seedHints([plan(9, 0.2), plan(2, 0.2), plan(1411, 0.2), plan(1, 0.01), plan(0, 0.3), plan(null, 0.3)])).toEqual([
      '2 more seeds would resolve entropy vs random',
      '9 more seeds would resolve entropy vs random',
    ])
    expect(seedHints(early.plans).every((text) => / more seeds? would resolve /.test(text))).toBe(true)
  })
})
