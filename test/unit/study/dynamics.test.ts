import { describe, expect, it } from 'vitest'
import { plainKernels } from '@engine/core/distances'
import { symmetricEigenvalues } from '@engine/core/eigenvalues'
import { symmetricEigenvectors } from '@engine/core/linear'
import { randomFrom } from '@engine/core/random'
import { classEntropy } from '@engine/metrics/dynamics'
import { diversityMeasures } from '@engine/metrics/diversity'
import { meanNearestOf, pairsOf, spreadMoments, spreadNames, spreadOf } from '@engine/metrics/spread'
import type { RoundRecord } from '@engine/study/events'
import { afterthoughts } from '@engine/study/query'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf } from '../../support/studies'
import { arrayView, matrixOf, normals, range } from '../../support/query'

describe('measures of a batch', () => {
  const points = normals(randomFrom('spread'), 40, 5)
  const labels = Int32Array.from({ length: 40 }, (_, i) => i % 3)

  it.each([0, 1, 2, 9])('are those of `measure diversity`: %i rows', (count) => {
    const pairs = pairsOf(points, plainKernels)
    const members = randomFrom('members').sample(40, count)
    const spread = spreadOf(pairs, members, { cover: range(0, 40), delta: 1.5, labels, classes: 3 })
    const measures = diversityMeasures(points, members, { delta: 1.5 })
    const expected = [
      measures.meanPairwiseDistance,
      measures.centroidDistance,
      measures.minNearestNeighbour,
      measures.meanNearestNeighbour,
      count === 0 ? null : measures.logDet,
      measures.vendi,
      measures.redundancy,
      measures.coverageRadius,
      measures.coverageAtDelta,
      classEntropy(members.map((i) => labels[i]), 3), // prettier-ignore
    ]
    spreadNames.forEach((name, i) => {
      if (expected[i] === null) expect(spread[name], name).toBeNull()
      else expect(spread[name], name).toBeCloseTo(expected[i], 10)
    })
  })

  it('of E18', () => {
    const corner = matrixOf([[0, 0], [1, 0], [0, 1]]) // prettier-ignore
    const spread = spreadOf(pairsOf(corner, plainKernels), range(0, 3), { cover: range(0, 3), delta: null, labels, classes: 3 })
    expect(spread.mean_pairwise_distance).toBeCloseTo(1.138071, 6)
    expect(spread.centroid_distance).toBeCloseTo(0.654039, 6)
    expect(spread.min_nearest_neighbour).toBe(1)
    expect(spread.coverage_at_delta).toBeNull()
  })

  it('ask for the pairs of some points only', () => {
    const [all, some] = [pairsOf(points, plainKernels), pairsOf(points, plainKernels, 7)]
    for (let i = 0; i < 40; i++)
      for (let j = 0; j < 40; j++) expect(some.distances[i * 40 + j]).toBe(Math.min(i, j) < 7 ? all.distances[i * 40 + j] : 0)
  })

  it('moments need two batches that have the measure', () => {
    const pairs = pairsOf(points, plainKernels)
    const draw = (members: number[]) => spreadOf(pairs, Int32Array.from(members), { cover: range(0, 9), delta: 1, labels, classes: 3 })
    expect(spreadMoments([draw([1]), draw([2, 3])]).mean_pairwise_distance).toBeNull()
    const { mean_pairwise_distance: found } = spreadMoments([draw([1, 2]), draw([3, 4])])
    expect(found?.mean).toBeCloseTo(((draw([1, 2]).mean_pairwise_distance ?? 0) + (draw([3, 4]).mean_pairwise_distance ?? 0)) / 2, 12)
    expect(meanNearestOf(pairs, Int32Array.of(1))).toBeNull()
  })

  it.each([1, 2, 7, 40])('eigenvalues agree with those of Jacobi rotations: %i × n', (n) => {
    const a = normals(randomFrom('eigen'), n, n)
    const m = { ...a, data: a.data.map((value, t) => value + a.data[(t % n) * n + Math.floor(t / n)]) }
    const expected = symmetricEigenvectors(m).values.slice().reverse()
    symmetricEigenvalues(m).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 10))
  })

  it('eigenvalues of matrices with rank 0, rank 1 and a diagonal', () => {
    expect([...symmetricEigenvalues(matrixOf([[0, 0, 0], [0, 0, 0], [0, 0, 0]]))]).toEqual([0, 0, 0]) // prettier-ignore
    const one = symmetricEigenvalues({ data: new Float64Array(2500).fill(1), rows: 50, cols: 50 })
    expect(one[49]).toBeCloseTo(50, 10)
    expect(Math.max(...one.subarray(0, 49).map(Math.abs))).toBeLessThan(1e-12)
    expect([...symmetricEigenvalues(matrixOf([[3, 0, 0], [0, -1, 0], [0, 0, 2]]))]).toEqual([-1, 2, 3]) // prettier-ignore
  })
})

describe('selection dynamics of a run', () => {
  const dataset = blobs({ spread: 1 })
  const records = async (
    strategy: string,
    sections = '',
    protocol = 'seeds: 1, initial: 6, query: 5, rounds: 3',
  ): Promise<RoundRecord[]> => {
    const [{ spec }] = expandFor(quickStudy(strategy, `protocol: { ${protocol} }\n${sections}`), dataset)
    const events = await collect(spec, dataset)
    expect(endOf(events)).toMatchObject({ state: 'finished' })
    return recordsOf(events)
  }

  it('names every measure per batch and cumulated, with ratio and distance from random batches', async () => {
    const [first, , , last] = await records('margin')
    for (const name of spreadNames)
      for (const key of [`batch.${name}`, `cumulative.${name}`]) expect(first.diagnostics[key], key).toBeTypeOf('number')
    expect(first.diagnostics['batch.mean_pairwise_distance']).toBeCloseTo(first.diversity ?? NaN, 5)
    for (const name of ['mean_pairwise_distance', 'vendi', 'log_det', 'coverage_radius']) {
      expect(first.diagnostics[`batch.${name}.ratio`]).toBeGreaterThan(0)
      expect(Math.abs(first.diagnostics[`batch.${name}.z`])).toBeLessThan(50)
    }
    expect(Object.keys(last.diagnostics)).toEqual([])
  })

  it('random batches are like random batches', async () => {
    const found = await records('random', '', 'seeds: 1, initial: 6, query: 8, rounds: 3')
    for (const { diagnostics } of found.slice(0, 3)) {
      expect(Math.abs(diagnostics['batch.mean_pairwise_distance.z'])).toBeLessThan(4)
      expect(Math.abs(diagnostics['batch.coverage_at_delta.z'])).toBeLessThan(4)
      expect(Math.abs(diagnostics['batch.mean_pairwise_distance.ratio'] - 1)).toBeLessThan(0.5)
    }
  })

  it('cumulated measures of any two strategies meet once the pool is used up (A§19.35)', async () => {
    const [{ spec }] = expandFor(quickStudy('random', 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 1 }'), dataset)
    const started = (await collect(spec, dataset)).find((event) => event.type === 'run-started')
    const size = started?.type === 'run-started' ? started.poolSize : 0
    const protocol = `seeds: 1, dataStart: empty, query: ${size / 2}, rounds: 2`
    const cumulated = async (strategy: string) => {
      const found = (await records(strategy, '', protocol))[1].diagnostics
      return Object.fromEntries(Object.entries(found).filter(([key]) => key.startsWith('cumulative.')))
    }
    const [first, second] = [await cumulated('random'), await cumulated('typiclust')]
    expect(Object.keys(first).length).toBeGreaterThan(9)
    expect(second).toEqual(first)
  })

  it('ranks scores against the true loss of what was picked', async () => {
    const [first] = await records('entropy', 'shadow: [margin, random]\nrun: { keep: scores }')
    const { diagnostics } = first
    expect(diagnostics.picked_loss).toBeGreaterThan(0)
    expect(Math.abs(diagnostics.score_loss_spearman)).toBeLessThanOrEqual(1)
    expect(diagnostics['score_loss_spearman.margin']).toBeTypeOf('number')
    expect(diagnostics).not.toHaveProperty(['score_loss_spearman.random'])
  })

  it('the true loss is that of the revealed label, predicted losses are compared where a module predicts them', async () => {
    const view = { ...arrayView({ probabilities: matrixOf([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8], [1, 0]]) }), predictedLosses: async () => Float64Array.of(3, 1, 2) } // prettier-ignore
    const selection = [2, 1, 0].map((row) => ({ row, label: 1, score: null, predicted: null, confidence: null }))
    const own = { rows: Int32Array.of(2, 1, 0), scores: Float64Array.of(5, 9, 1, 0) }
    const shadows = [{ name: 'flat', scores: new Float64Array(4) }, { name: 'up', scores: Float64Array.of(1, 3, 0, 0) }, { name: 'none', scores: undefined }] // prettier-ignore
    const found = await afterthoughts(own, selection, shadows, range(0, 4), view)
    expect(found.picked_loss).toBeCloseTo(-(Math.log(0.8) + Math.log(0.1) + Math.log(0.5)) / 3, 12)
    expect(found).toEqual({ picked_loss: found.picked_loss, score_loss_spearman: 1, 'score_loss_spearman.up': 1 })
    const capable = { ...view, capabilities: new Set([...view.capabilities, 'lossPrediction' as const]) }
    expect((await afterthoughts(own, selection, [], range(0, 4), capable)).predicted_loss_spearman).toBe(-1)
    expect(await afterthoughts({ rows: new Int32Array(0) }, [], [], range(0, 4), view)).toEqual({})
  })

  it('cold-start methods choose before any label exists, and open for others', async () => {
    for (const [strategy, opener] of [
      ['typiclust', 'strategy'],
      ['probcover', 'strategy'],
      ['margin', 'typiclust'],
      ['margin', 'probcover'],
      ['margin', 'badge'],
      ['typiclust', 'entropy-gradnorm'],
      ['{ id: albl, name: random, arms: [random, margin, badge] }', 'albl'],
    ]) {
      // prettier-ignore
      const found = await records(strategy, '', `seeds: 1, dataStart: empty, firstBatch: ${opener}, query: 6, rounds: 2`)
      expect(found[0]).toMatchObject({ labeled: 0, steps: 0 })
      expect(found[0].selection).toHaveLength(6)
      // What the opener remembers is not handed to the strategy.
      if (opener === 'albl')
        expect(found[1].diagnostics).toMatchObject({ chance_0_random: 1 / 3, chance_1_margin: 1 / 3, chance_2_badge: 1 / 3 })
    }
  })
})
