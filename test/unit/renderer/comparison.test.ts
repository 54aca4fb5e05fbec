import { describe, expect, it } from 'vitest'
import { liveFrom } from '@/state/experimentReducer'
import { toResults } from '@/state/toResults'
import { curvesTable } from '@/charts/curvesTable'
import { compare, nearestBudget, rowsAt } from '@/features/compare/comparison'
import { createMemoryExperiment } from '../../support/memoryExperiment'
import { ablationStudy, sampleStudy } from '../../support/memoryContent'

function resultsOf(yaml: string, turns = 200) {
  const experiment = createMemoryExperiment({ id: 'e', project: 'p', yaml, startedAt: '2026-11-22T09:00:00Z' })
  for (let i = 0; i < turns; i++) experiment.advance(1000)
  return toResults(liveFrom(experiment.snapshot(0)))
}
const view = { dataset: 'digits', metric: 'accuracy', baseline: 'random', facet: {} } as const

describe('comparison', () => {
  const found = compare(resultsOf(sampleStudy), view)

  it('pairs every strategy with the baseline over ten seeds', () => {
    expect(found).toMatchObject({ pairs: 10, pShown: true, finished: 40, runs: 40 })
    expect(found.areas.map(({ summary }) => summary.strategy)).toEqual(['random', 'entropy', 'margin', 'badge'])
    expect(found.areas[0].difference).toBeNull()
    const margin = found.areas[2]
    expect(margin.difference?.meanDifference).toBeCloseTo((margin.summary.aubc ?? 0) - (found.areas[0].summary.aubc ?? 0), 12)
    expect(found.sentence).toContain('n = 10 paired seeds')
  })

  it('changes its baseline and metric with the view', () => {
    const other = compare(resultsOf(sampleStudy), { ...view, baseline: 'margin', metric: 'nll' })
    expect(other.areas.find(({ summary }) => summary.strategy === 'margin')?.difference).toBeNull()
    expect(other.differences.map(({ strategy }) => strategy)).toEqual(['random', 'entropy', 'badge'])
    expect(other.sentence).toContain('difference to margin')
  })

  it('reads values at a budget', () => {
    expect(found.budgets[0]).toBe(20)
    expect(nearestBudget(found.budgets, 118)).toBe(120)
    expect(nearestBudget([], 3)).toBeNull()
    const rows = rowsAt(found, 100)
    expect(rows.map(({ n }) => n)).toEqual([10, 10, 10, 10])
    expect(rows[0].difference).toBeNull()
  })

  it('shows one level of a factor, with the runs that it cannot change', () => {
    const results = resultsOf(ablationStudy)
    const cold = compare(results, { ...view, facet: { 'training.weightStart': 'reinit-fresh' } })
    expect(cold.curves.map(({ strategy }) => strategy)).toEqual(['random', 'badge', 'acq', 'acq'])
    expect(cold.areas.every(({ summary }) => summary.factors['training.weightStart'] === 'reinit-fresh')).toBe(true)
    expect(cold.areas.filter(({ summary }) => summary.strategy === 'acq').every(({ difference }) => difference?.seeds === 6)).toBe(true)
  })

  it('says so far while runs are under way', () => {
    const partial = compare(resultsOf(sampleStudy, 3), view)
    expect(partial.finished).toBeLessThan(partial.runs)
    expect(partial.pShown).toBe(false)
    expect(partial.curves.length).toBeGreaterThan(0)
  })

  it('gives every curve as a table', () => {
    const table = curvesTable(found.curves, 'accuracy')
    expect(table.columns).toEqual(['strategy', 'labelled samples', 'accuracy (%)', '95 % CI', 'n'])
    expect(table.rows).toHaveLength(44)
    expect(curvesTable(found.differences, 'accuracy').columns[2]).toBe('difference in accuracy (points)')
  })
})
