import { describe, expect, it } from 'vitest'
import { takeRows } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { plainKernels } from '@engine/core/distances'
import { classEntropy, createPairwiseDistance, jaccard, meanPairwiseDistance, midRanks, spearman } from '@engine/metrics/dynamics'
import { diversityMeasures } from '@engine/metrics/diversity'
import { matrixOf, normals, range, toFloat32 } from '../../support/query'

const corner = matrixOf([
  [0, 0],
  [1, 0],
  [0, 1],
])
const shifted = matrixOf([
  [1, 1],
  [2, 1],
  [1, 2],
])

describe('E18', () => {
  const measures = diversityMeasures(corner, [0, 1, 2])

  it('distances', () => {
    expect(measures.meanPairwiseDistance).toBeCloseTo(1.138071, 6)
    expect(measures.centroidDistance).toBeCloseTo(0.654039, 6)
    expect(measures.minNearestNeighbour).toBe(1)
    expect(measures.meanNearestNeighbour).toBe(1)
  })

  it('log-determinant and Vendi score of the shifted rows', () => {
    const { logDet, vendi } = diversityMeasures(shifted, [0, 1, 2], { gamma: 1 })
    expect(logDet).toBeCloseTo(3.178054, 6)
    expect(vendi).toBeCloseTo(1.277532, 6)
  })

  it('class entropy of counts (10, 5, 5, 0)', () => {
    const labels = [...new Array<number>(10).fill(0), ...new Array<number>(5).fill(1), ...new Array<number>(5).fill(2)]
    expect(classEntropy(labels, 4)).toBe(0.75)
    expect(classEntropy([], 4)).toBeNull()
    expect(classEntropy([0, 0], 1)).toBeNull()
  })
})

describe('pairwise distance', () => {
  it('adds up batch by batch to the distance of all', () => {
    const m = normals(randomFrom('pairs'), 30, 5)
    const pairs = createPairwiseDistance(5)
    expect(pairs.mean()).toBeNull()
    for (const [from, to] of [
      [0, 1],
      [1, 1],
      [1, 12],
      [12, 30],
    ]) {
      pairs.add(takeRows(m, range(from, to)))
      expect(pairs.mean() ?? 0).toBeCloseTo(meanPairwiseDistance(takeRows(m, range(0, to))) ?? 0, 12)
    }
    expect(() => pairs.add(corner)).toThrow(RangeError)
  })

  it('is the same by products as by differences, with duplicates and rows added twice', () => {
    const m = toFloat32(normals(randomFrom('products'), 30, 7))
    m.data.copyWithin(0, 7, 14) // rows 0 and 1 are one point
    const [plain, fast] = [createPairwiseDistance(7), createPairwiseDistance(7, plainKernels)]
    for (const pairs of [plain, fast]) {
      const first = takeRows(m, range(0, 2))
      pairs.add(first)
      expect(pairs.mean()).toBe(0)
      for (const rows of [takeRows(m, range(2, 20)), takeRows(m, range(20, 30)), first]) pairs.add(rows)
    }
    expect(fast.mean()).toBeCloseTo(plain.mean() ?? NaN, 12)
  })

  it('keeps its digits far from the origin without kernels', () => {
    expect(meanPairwiseDistance(matrixOf([[1e8], [1e8 + 1], [1e8 + 3]]))).toBe(2)
  })

  it('is undefined below two rows and scales with the features (A§19.35)', () => {
    expect(meanPairwiseDistance(matrixOf([[1, 2]]))).toBeNull()
    const m = normals(randomFrom('scale'), 12, 4)
    const tripled = { ...m, data: m.data.map((value) => 3 * value) }
    expect(meanPairwiseDistance(tripled)).toBeCloseTo(3 * (meanPairwiseDistance(m) ?? NaN), 12)
  })

  it('of the exhausted pool does not depend on the order (A§19.35)', () => {
    const m = toFloat32(normals(randomFrom('exhausted'), 24, 3))
    const means = [randomFrom(1), randomFrom(2)].map((random) => {
      const pairs = createPairwiseDistance(3)
      const order = random.shuffle(range(0, 24))
      for (let i = 0; i < 24; i += 6) pairs.add(takeRows(m, order.subarray(i, i + 6)))
      return pairs.mean() ?? NaN
    })
    expect(means[0]).toBeCloseTo(means[1], 12)
  })
})

describe('diversity measures', () => {
  const pool = normals(randomFrom('diversity'), 40, 3)

  it('the log-determinant grows with every point, Vendi lies in [1, n] (A§19.35)', () => {
    let last = 0
    for (let n = 1; n <= 10; n++) {
      const { logDet, vendi } = diversityMeasures(pool, range(0, n))
      expect(logDet).toBeGreaterThan(last)
      expect(vendi).toBeGreaterThanOrEqual(1 - 1e-9)
      expect(vendi).toBeLessThanOrEqual(n + 1e-9)
      last = logDet
    }
  })

  it('Vendi counts: orthogonal rows, equal rows, zero rows', () => {
    const eye = matrixOf([
      [5, 0, 0],
      [0, 1, 0],
      [0, 0, 0.1],
      [5, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ])
    expect(diversityMeasures(eye, [0, 1, 2]).vendi).toBeCloseTo(3, 12)
    expect(diversityMeasures(eye, [0, 3]).vendi).toBeCloseTo(1, 12)
    expect(diversityMeasures(eye, [0, 1, 4, 5]).vendi).toBeCloseTo(4, 12)
  })

  it('coverage and redundancy by hand', () => {
    const line = matrixOf([[1], [2], [4], [-8]])
    const measures = diversityMeasures(line, [0, 2], { delta: 1 })
    expect(measures.coverageRadius).toBe(9)
    expect(measures.coverageAtDelta).toBe(0.75)
    expect(measures.redundancy).toBe(1)
    expect(diversityMeasures(line, [0, 3], { delta: 1, pool: [1, 2] }).coverageRadius).toBe(3)
    expect(diversityMeasures(line, [0, 3]).redundancy).toBe(-1)
  })

  it('says null where nothing is defined', () => {
    expect(diversityMeasures(pool, [])).toMatchObject({
      meanPairwiseDistance: null,
      vendi: null,
      coverageRadius: null,
      redundancy: null,
      logDet: 0,
    })
    expect(diversityMeasures(pool, [3])).toMatchObject({ minNearestNeighbour: null, centroidDistance: 0, redundancy: null })
  })
})

describe('agreement', () => {
  it('Jaccard', () => {
    expect(jaccard([1, 2, 3], [3, 4])).toBe(0.25)
    expect(jaccard([], [])).toBe(1)
    expect(jaccard([1], [])).toBe(0)
  })

  it('Spearman with ties by mid-ranks', () => {
    expect([...midRanks([10, 20, 10, 30])]).toEqual([1.5, 3, 1.5, 4])
    expect(spearman([1, 2, 3], [10, 20, 25])).toBe(1)
    expect(spearman([1, 2, 3], [3, 2, 1])).toBe(-1)
    // ranks (1.5, 3, 1.5, 4) and (1, 2, 3, 4): covariance 3, variances 4.5 and 5
    expect(spearman([10, 20, 10, 30], [1, 2, 3, 4])).toBeCloseTo(3 / Math.sqrt(4.5 * 5), 12)
    expect(spearman([1, 1], [1, 2])).toBeNull()
    expect(spearman([], [])).toBeNull()
  })
})
