import { describe, expect, it } from 'vitest'
import { plainKernels, selectionSpace, type SelectionKernels } from '@engine/core/distances'
import { kCenterGreedy } from '@engine/core/kCenter'
import { kMeans, perClusterMedoid } from '@engine/core/kMeans'
import { kMeansPlusPlus } from '@engine/core/kMeansPlusPlus'
import { symmetricEigenvalues } from '@engine/core/eigenvalues'
import { logDeterminant, logSoftmax } from '@engine/core/linear'
import { randomFrom } from '@engine/core/random'
import { topK } from '@engine/core/topK'
import { matrixOf, normals } from '../../support/query'
import { scripted } from '../../support/random'

const square = matrixOf([
  [0, 0],
  [1, 0],
  [4, 0],
  [4, 3],
])

describe('topK', () => {
  it('takes the largest, the lower position of equals', () => {
    expect([...topK([1, 3, 3, 2, 3], 3)]).toEqual([1, 2, 4])
    expect([...topK([0, -0, 0], 2)]).toEqual([0, 1])
    expect([...topK([-Infinity, Infinity, 5], 5)]).toEqual([1, 2, 0])
    expect([...topK([], 3)]).toEqual([])
    expect([...topK([1, 2], 0)]).toEqual([])
  })

  it('refuses NaN by its position', () => {
    expect(() => topK([1, NaN, 3], 1)).toThrow('score 1 is not a number')
  })
})

describe('k-means++ (E4)', () => {
  const space = selectionSpace(square)

  it('draws the second point in proportion to its squared distance', () => {
    const nearest = new Float64Array(4).fill(Infinity)
    space.relax(3, nearest)
    expect([...nearest].map(Math.sqrt)).toEqual([5, Math.sqrt(18), 3, 0])
    const share = [...nearest].map((d) => d / 52)
    expect(share[0]).toBeCloseTo(0.4808, 4)
    expect(share[1]).toBeCloseTo(0.3462, 4)
    expect(share[2]).toBeCloseTo(0.1731, 4)
  })

  it.each([
    [0, 0],
    [0.48, 0],
    [0.481, 1],
    [0.826, 1],
    [0.827, 2],
    [0.9999999999999999, 2],
  ])('a draw of %f picks point %i', (draw, pick) => {
    expect([...kMeansPlusPlus(space, 2, 'max-norm', scripted([draw]))]).toEqual([3, pick])
  })

  it('starts at the longest point, at a uniform one, or where it is told', () => {
    expect(kMeansPlusPlus(space, 1, 'max-norm', randomFrom(1))[0]).toBe(3)
    expect(kMeansPlusPlus(space, 1, 2, randomFrom(1))[0]).toBe(2)
    const starts = Array.from({ length: 400 }, (_, i) => kMeansPlusPlus(space, 1, 'uniform', randomFrom(i))[0])
    for (const start of [0, 1, 2, 3]) expect(starts.filter((s) => s === start).length).toBeGreaterThan(60)
  })

  it('draws uniformly among the unpicked when every distance is 0', () => {
    const same = selectionSpace(
      matrixOf([
        [2, 1],
        [2, 1],
        [2, 1],
        [2, 1],
      ]),
    )
    const seconds = Array.from({ length: 600 }, (_, i) => [...kMeansPlusPlus(same, 4, 'max-norm', randomFrom(i))])
    for (const picks of seconds) expect(picks.slice().sort()).toEqual([0, 1, 2, 3])
    for (const second of [1, 2, 3]) expect(seconds.filter((picks) => picks[1] === second).length).toBeGreaterThan(150)
  })

  it('takes every point once when asked for more than there are', () => {
    expect([...kMeansPlusPlus(space, 9, 'max-norm', randomFrom(0))].sort()).toEqual([0, 1, 2, 3])
    expect(kMeansPlusPlus(selectionSpace(matrixOf([])), 3, 'max-norm', randomFrom(0))).toHaveLength(0)
  })

  it('follows D² in the second pick (chi-square, 20,000 draws)', () => {
    const points = normals(randomFrom('chi'), 12, 3)
    const cloud = selectionSpace(points)
    const nearest = new Float64Array(12).fill(Infinity)
    const first = kMeansPlusPlus(cloud, 1, 'max-norm', randomFrom(0))[0]
    cloud.relax(first, nearest)
    const total = nearest.reduce((a, b) => a + b)
    const counts = new Float64Array(12)
    const random = randomFrom('draws')
    const draws = 20_000
    for (let i = 0; i < draws; i++) counts[kMeansPlusPlus(cloud, 2, 'max-norm', random)[1]]++
    let statistic = 0
    nearest.forEach((d, i) => {
      const expected = (draws * d) / total
      if (d === 0) expect(counts[i]).toBe(0)
      else statistic += (counts[i] - expected) ** 2 / expected
    })
    expect(statistic).toBeLessThan(29.59) // χ² with 10 degrees of freedom, p = 0.001
  })
})

describe('k-centre', () => {
  it('picks the farthest, then the next (E5)', () => {
    const { picks, radii, distances } = kCenterGreedy(selectionSpace(square), [0], 2)
    expect([...picks]).toEqual([3, 2])
    expect([...radii]).toEqual([5, 3])
    expect([...distances]).toEqual([0, 1, 0, 0])
  })

  it('never picks a centre, and fills up with duplicates in order', () => {
    const same = selectionSpace(matrixOf([[1], [1], [1], [1]]))
    expect([...kCenterGreedy(same, [1], 3).picks]).toEqual([0, 2, 3])
    expect([...kCenterGreedy(same, [0, 1, 2, 3], 3).picks]).toEqual([])
  })

  it('needs a start without centres', () => {
    expect(() => kCenterGreedy(selectionSpace(square), [], 2)).toThrow(RangeError)
    expect([...kCenterGreedy(selectionSpace(square), [], 2, 1).picks]).toEqual([1, 3])
  })
})

describe('k-means', () => {
  it('finds separated blobs, and their medoids', () => {
    const random = randomFrom('blobs')
    const noise = normals(random, 90, 2, 0.1)
    const centers = [
      [0, 0],
      [10, 0],
      [0, 10],
    ]
    const points = { ...noise, data: noise.data.map((value, t) => value + centers[Math.floor(t / 2) % 3][t % 2]) }
    const clustering = kMeans(points, 3, { random })
    for (let i = 3; i < 90; i++) expect(clustering.assignment[i]).toBe(clustering.assignment[i % 3])
    const medoids = perClusterMedoid(points, clustering)
    medoids.forEach((medoid, cluster) => {
      expect(clustering.assignment[medoid]).toBe(cluster)
      const distance = (i: number): number =>
        Math.hypot(
          points.data[2 * i] - clustering.centroids.data[2 * cluster],
          points.data[2 * i + 1] - clustering.centroids.data[2 * cluster + 1],
        )
      for (let i = 0; i < 90; i++) if (clustering.assignment[i] === cluster) expect(distance(i)).toBeGreaterThanOrEqual(distance(medoid))
    })
  })

  it('leaves no cluster empty, with duplicates too', () => {
    const points = matrixOf([[0], [0], [0], [0], [5]])
    const clustering = kMeans(points, 4, { random: randomFrom('duplicates') })
    expect(new Set(clustering.assignment).size).toBe(4)
    expect(new Set(perClusterMedoid(points, clustering)).size).toBe(4)
    expect(clustering.iterations).toBeLessThanOrEqual(100)
  })

  it('puts every row alone when k is n or more', () => {
    const clustering = kMeans(square, 7, { random: randomFrom(3) })
    expect([...perClusterMedoid(square, clustering)].sort()).toEqual([0, 1, 2, 3])
  })
})

describe('selection space', () => {
  it('names the row that is not finite', () => {
    expect(() =>
      selectionSpace(
        matrixOf([
          [1, 2],
          [Infinity, 0],
        ]),
        { rows: [40, 41] },
      ),
    ).toThrow('row 41')
    expect(() =>
      selectionSpace(
        matrixOf([
          [1, 2],
          [3, 0],
        ]),
        { left: matrixOf([[NaN], [1]]) },
      ),
    ).toThrow('row 0')
  })

  it('spares most long products of a wide pool', () => {
    const random = randomFrom('pruned')
    let asked = 0
    const counting: SelectionKernels = {
      open(matrix) {
        const products = plainKernels.open(matrix)
        return (j, rows, count, out) => {
          asked += count
          products(j, rows, count, out)
        }
      },
    }
    const space = selectionSpace(normals(random, 400, 32), { left: normals(random, 400, 10), kernels: counting })
    kMeansPlusPlus(space, 40, 'max-norm', random)
    expect(asked).toBeLessThan(400 * 40 * 0.6)
  })
})

describe('linear algebra', () => {
  it('log-softmax survives large logits', () => {
    expect([
      ...logSoftmax(
        matrixOf([
          [1000, 1000],
          [-800, 800],
        ]),
      ).data,
    ]).toEqual([-Math.LN2, -Math.LN2, -1600, 0])
  })

  it('eigenvalues and log-determinant of a known matrix', () => {
    const m = matrixOf([
      [2, 1, 0],
      [1, 2, 1],
      [0, 1, 2],
    ])
    const expected = [2 - Math.SQRT2, 2, 2 + Math.SQRT2]
    symmetricEigenvalues(m).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12))
    expect(logDeterminant(m)).toBeCloseTo(Math.log(4), 12)
    expect(() =>
      logDeterminant(
        matrixOf([
          [1, 2],
          [2, 1],
        ]),
      ),
    ).toThrow('not positive definite')
  })

  it('eigenvalues keep trace and squared sum of a random symmetric matrix', () => {
    const a = normals(randomFrom('symmetric'), 30, 30)
    const m = { ...a, data: a.data.map((value, t) => value + a.data[(t % 30) * 30 + Math.floor(t / 30)]) }
    const values = symmetricEigenvalues(m)
    expect(values.reduce((x, y) => x + y)).toBeCloseTo(
      Array.from({ length: 30 }, (_, i) => m.data[31 * i]).reduce((x, y) => x + y),
      8,
    )
    expect(values.reduce((x, y) => x + y * y, 0)).toBeCloseTo(
      m.data.reduce((x, y) => x + y * y, 0),
      6,
    )
  })
})
