import { beforeAll, describe, expect, it } from 'vitest'
import {
  budgetsOf,
  costCurves,
  curves,
  leadOf,
  readTidy,
  resultFindings,
  resultSetFrom,
  summarize,
  textTableOf,
  type RunInput,
} from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { figures } from '@figures/registry'
import { roundsCsv } from '@main/exporting/csv'
import { blobs, collect, expandFor, quickStudy, recordsOf, steppingClock } from '../../support/studies'

const dataset = blobs({ rows: 120, classes: 3, d: 5 })
const study = quickStudy(
  'random, svpp, { id: asvp, tau: -inf, checks: every }, { id: asvp, name: asvp-0, tau: 0, checks: every, method: ft, updates: 2 }',
  'protocol: { seeds: 2, initial: 8, query: 8, rounds: 5, evaluateAt: [8, 24] }',
)

describe('recorded runs of methods with a proxy', () => {
  let results: ResultSet

  beforeAll(async () => {
    const runs: RunInput[] = []
    for (const { spec, factors } of expandFor(study, dataset)) {
      const events = await collect(spec, dataset, { clock: steppingClock() })
      runs.push({
        hash: `${spec.strategy.name}-${spec.repeat}`,
        dataset: 'blobs',
        strategy: spec.strategy.name,
        seed: spec.repeat,
        factors,
        state: { status: 'finished', records: recordsOf(events), initial: [] },
      })
    }
    const strategies = [...new Set(runs.map(({ strategy }) => strategy))]
    results = resultSetFrom({ study: 's', strategies, lines: [], factors: [], stats: study.stats, classes: 3, runs })
  })

  it('have values at the evaluated budgets, and areas over them', () => {
    expect(budgetsOf(results)).toEqual([8, 24, 48])
    for (const { labels, mean, n } of curves(results)) {
      expect(labels).toEqual([8, 24, 48])
      expect(mean).not.toContain(null)
      expect(n).toEqual([2, 2, 2])
    }
    for (const { aubc, final } of summarize(results)) for (const value of [aubc, final]) expect(value).toBeGreaterThan(0.2)
  })

  it('spend active-learning time that the last training is not in', () => {
    for (const row of summarize(results)) expect(row.totalMs).toBeGreaterThan(row.activeMs ?? NaN)
    const hours = costCurves(results, { label: 0, hour: 1 })
    for (const { points } of hours) {
      expect(points[0].activeHours).toBe(0)
      expect(points[2].activeHours).toBeGreaterThan(points[1].activeHours ?? NaN)
    }
  })

  it('are the same after a way through rounds.csv', () => {
    const { runs, notes } = readTidy(textTableOf('rounds.csv', roundsCsv(results)))
    expect(notes.join()).not.toContain('no value')
    const values = (all: ResultSet): unknown => curves(all).map(({ strategy, labels, mean }) => [strategy, labels, mean])
    expect(values({ ...results, runs })).toEqual(values(results))
  })

  it('have a total cost only where the training of the evaluated model is told', () => {
    const { runs } = readTidy(textTableOf('rounds.csv', roundsCsv(results)))
    for (const { strategy, activeMs, totalMs } of summarize({ ...results, runs })) {
      expect(activeMs).not.toBeNull()
      if (strategy === 'random') expect(totalMs).not.toBeNull()
      else expect(totalMs).toBeNull()
    }
  })

  it('tell leads and thresholds to figures, and nothing that fails', () => {
    const box = { theme: 'paper', width: 700, height: 500, fontFamily: 'serif', fontSizePx: 12 } as const
    const leads = results.runs.flatMap(({ records }) => records.flatMap((record) => leadOf(record) ?? []))
    expect(leads.length).toBeGreaterThan(0)
    const { option, table } = figures['feature-lead'].build(results, {}, box)
    expect(JSON.stringify(option.series)).toContain('τ = 0')
    expect(new Set(table.rows.map((row) => row[1]))).toEqual(new Set(['asvp', 'asvp-0']))
    const updates = figures['feature-updates'].build(results, {}, box).table.rows.filter((row) => row[1] === 'asvp')
    expect(updates[0][3]).toBe(1)
    for (const { message } of resultFindings(results)) expect(message).not.toMatch(/NaN|undefined|null/)
  })
})
