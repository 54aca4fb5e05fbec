import { describe, expect, it } from 'vitest'
import type { RunEvent } from '@engine/study/events'
import type { RunSpec } from '@engine/study/spec'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf, withoutTimes } from '../../support/studies'

const dataset = blobs({ spread: 1 })
const specsOf = (strategies: string, sections = ''): RunSpec[] =>
  expandFor(quickStudy(strategies, sections), dataset).map(({ spec }) => ({
    ...spec,
    model: { type: 'mlp', hidden: [6], dropout: 0.4, init: 'he-uniform' },
  }))
const scoresOf = (events: readonly RunEvent[], round: number): Map<number, number> => {
  const found = events.find((event) => event.type === 'artifact' && event.name === `scores-00${round}`)
  const data = found?.type === 'artifact' ? Array.from(found.data) : []
  return new Map(Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i], data[2 * i + 1]]))
}

describe('a study of a network with dropout', () => {
  it('queries the rows on which the passes disagree, the same ones every time', async () => {
    const [spec] = specsOf('{ id: variation-ratio, passes: 8 }')
    const events = await collect(spec, dataset)
    expect(endOf(events)).toMatchObject({ state: 'finished' })
    expect(withoutTimes(await collect(spec, dataset))).toEqual(withoutTimes(events))
    const scores = [...scoresOf(events, 0).values()]
    for (const score of scores) expect(score * 8).toBeCloseTo(Math.round(score * 8), 12)
    expect(new Set(scores).size).toBeGreaterThan(2)
    const picked = recordsOf(events)[0].selection.map(({ score }) => score)
    expect(picked).toEqual(scores.sort((a, b) => b - a).slice(0, 5))
    const other = await collect({ ...spec, repeat: 1 }, dataset)
    expect(scoresOf(other, 0)).not.toEqual(scoresOf(events, 0))
  })

  it('goes on after any round as if it had never stopped', async () => {
    const [spec] = specsOf('variation-ratio', 'shadow: [{ id: acquisition, score: variation-ratio, batch: kmeans++ }]')
    const whole = await collect(spec, dataset)
    const [start] = whole
    const initial = start.type === 'run-started' ? start.initial : []
    for (const rounds of [1, 2, 3]) {
      const resume = { initial, records: recordsOf(whole).slice(0, rounds), weights: null }
      expect(withoutTimes(await collect(spec, dataset, { resume }))).toEqual(withoutTimes(whole).slice(rounds))
    }
  })

  it('shows all methods of a round the same passes, also on a part of the pool', async () => {
    const [own, part, other] = await Promise.all([
      collect(specsOf('variation-ratio')[0], dataset),
      collect(specsOf('variation-ratio', 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3, subPool: 12 }')[0], dataset),
      collect(specsOf('{ id: acquisition, score: variation-ratio }')[0], dataset),
    ])
    expect(scoresOf(other, 0)).toEqual(scoresOf(own, 0))
    expect(scoresOf(part, 0).size).toBe(12)
    for (const [row, score] of scoresOf(part, 0)) expect(scoresOf(own, 0).get(row)).toBe(score)
    // the passes of a round are its own
    expect(withoutTimes(own)).toEqual(withoutTimes(other))
  })

  it('scores as a shadow what it would score as the strategy', async () => {
    const shadow = 'shadow: [variation-ratio, { id: acquisition, score: variation-ratio, batch: kcenter }]'
    const [shadowed] = specsOf('variation-ratio', shadow)
    for (const { overlap, selection } of recordsOf(await collect(shadowed, dataset))) {
      if (selection.length === 0) continue
      expect(overlap[0]).toEqual({ shadow: 'variation-ratio', jaccard: 1, spearman: expect.closeTo(1, 12) as unknown })
      expect(overlap[1].spearman).toBeCloseTo(1, 12)
    }
    const [random] = specsOf('random', shadow)
    expect(recordsOf(await collect(random, dataset))[0].overlap).toMatchObject([{ spearman: null }, { spearman: null }])
  })

  it('chooses without a label, from the untrained network', async () => {
    const [spec] = specsOf('variation-ratio', 'protocol: { seeds: 1, dataStart: empty, query: 5, rounds: 2 }')
    const events = await collect(spec, dataset)
    expect(recordsOf(events).map(({ labeled }) => labeled)).toEqual([0, 5, 10])
    expect(new Set(scoresOf(events, 0).values()).size).toBeGreaterThan(1)
  })

  it('is refused without dropout, and leaves training as it was', async () => {
    const [spec] = specsOf('variation-ratio')
    const plain = { ...spec, model: { ...spec.model, dropout: 0 } as RunSpec['model'] }
    expect(endOf(await collect(plain, dataset))).toMatchObject({
      state: 'failed',
      error: { code: 'unsupported', message: expect.stringMatching(/variation-ratio .* without dropout/) as unknown },
    })
    const [random] = specsOf('random')
    const [shadowed] = specsOf('random', 'shadow: [variation-ratio]')
    const measures = (events: readonly RunEvent[]) => withoutTimes(events).map(({ overlap: _, diagnostics: _own, ...record }) => record)
    expect(measures(await collect(shadowed, dataset))).toEqual(measures(await collect(random, dataset)))
  })
})
