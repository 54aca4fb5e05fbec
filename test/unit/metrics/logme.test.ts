import { describe, expect, it } from 'vitest'
import { eigenCoordinates } from '@engine/core/eigenvalues'
import { columnGram, rowGram } from '@engine/core/gram'
import { logDeterminant, squaredDistance } from '@engine/core/linear'
import { rowOf, takeRows, transposed, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { logme, logMeVariants } from '@engine/metrics/logme'
import { ped, pedLogme } from '@engine/metrics/ped'
import fixture from '../../fixtures/logme.json'
import { matrixOf, normals, range } from '../../support/query'
import { inner, solve } from '../../support/solve'

const features = matrixOf([
  [1, 0],
  [1, 0.1],
  [0.9, 0],
  [0, 1],
  [0.1, 1],
  [0, 0.9],
])
const labels = [0, 0, 0, 1, 1, 1]

const withZeros = (m: Matrix, columns: number): Matrix<Float64Array> =>
  matrixOf(Array.from({ length: m.rows }, (_, i) => [...rowOf(m, i), ...new Array<number>(columns).fill(0)]))

/** n × d normal features, classes in turn, class c moved by `spread` along axis c. */
function clouds(rows: number, cols: number, classes: number, spread: number): { features: Matrix<Float64Array>; labels: Int32Array } {
  const cloud = normals(randomFrom('clouds').fork(rows, cols), rows, cols)
  for (let i = 0; i < rows; i++) cloud.data[i * cols + (i % classes)] += spread
  return { features: cloud, labels: range(0, rows).map((i) => i % classes) }
}

describe('LogME', () => {
  it('has the values of the worked example', () => {
    expect(logme(features, labels, 2).value).toBeCloseTo(0.404797, 6)
    expect(logme(takeRows(features, [0, 3, 1, 4, 2, 5]), labels, 2).value).toBeCloseTo(-1.018626, 6)
    const scaled = { ...features, data: features.data.map((value) => 10 * value) }
    expect(logme(scaled, labels, 2).value).toBeCloseTo(0.404797, 4)
    expect(logme(withZeros(features, 3), labels, 2).value).toBeCloseTo(0.404797, 6)
    expect(logme(withZeros(features, 3), labels, 2, { variant: 'public' }).value).toBeCloseTo(0.563047, 6)
  })

  it.each([
    [60, 8],
    [12, 20],
  ])('is the same after a rotation, in another order and with other class names: %i × %i', (rows, cols) => {
    const given = clouds(rows, cols, 3, 1.5)
    const order = randomFrom('order').shuffle(range(0, rows))
    const { value } = logme(given.features, given.labels, 3)
    const axis = normals(randomFrom('axis'), 1, cols).data
    const squared = axis.reduce((sum, a) => sum + a * a, 0)
    const mirrored = Float64Array.from(given.features.data)
    for (let i = 0; i < rows; i++) {
      const row = rowOf(given.features, i)
      const along = (2 * row.reduce((sum, x, j) => sum + x * axis[j], 0)) / squared
      for (let j = 0; j < cols; j++) mirrored[i * cols + j] -= along * axis[j]
    }
    expect(logme({ ...given.features, data: mirrored }, given.labels, 3).value).toBeCloseTo(value, 9)
    expect(
      logme(
        takeRows(given.features, order),
        Array.from(order, (row) => given.labels[row]),
        3,
      ).value,
    ).toBeCloseTo(value, 9)
    expect(
      logme(
        given.features,
        given.labels.map((label) => [7, 2, 4][label]),
        8,
      ).value,
    ).toBeCloseTo(value, 9)
    expect(logme(withZeros(given.features, 9), given.labels, 3).value).toBeCloseTo(value, 9)
    const float32 = { ...given.features, data: Float32Array.from(given.features.data) }
    expect(logme(float32, given.labels, 3).value).toBeCloseTo(value, 4)
  })

  it.each([0.1, 10])('hardly changes when features are scaled by %d', (factor) => {
    const given = clouds(60, 8, 3, 1.5)
    const scaled = { ...given.features, data: given.features.data.map((x) => factor * x) }
    expect(logme(scaled, given.labels, 3).value).toBeCloseTo(logme(given.features, given.labels, 3).value, 4)
  })

  it.each([
    [60, 8],
    [12, 20],
  ])('at its precisions is the marginal likelihood of the targets: %i × %i', (rows, cols) => {
    const given = clouds(rows, cols, 3, 1)
    for (const { label, alpha, beta, value } of logme(given.features, given.labels, 3).perClass) {
      // t ~ N(0, I/β + F Fᵀ/α), solved through Cholesky columns rather than a spectrum.
      const covariance = rowGram(given.features)
      for (let t = 0; t < covariance.data.length; t++) covariance.data[t] /= alpha
      for (let i = 0; i < rows; i++) covariance.data[i * rows + i] += 1 / beta
      const target = Float64Array.from(given.labels, (y) => Number(y === label))
      const direct = -(logDeterminant(covariance) + inner(target, solve(covariance, target)) + rows * Math.log(2 * Math.PI)) / 2
      expect(Math.abs(value - direct / rows)).toBeLessThan(2e-3)
    }
  })

  it('grows with the distance of the classes, for fewer rows than columns by the exact variant', () => {
    for (const [rows, cols] of [
      [60, 8],
      [12, 20],
    ]) {
      const values = [0, 2, 4, 8].map((spread) => {
        const given = clouds(rows, cols, 3, spread)
        return logme(given.features, given.labels, 3).value
      })
      expect([...values].sort((a, b) => a - b)).toEqual(values)
    }
  })

  it('takes features that say nothing, and labels that are all one class', () => {
    const zeros = matrixOf([[0], [0], [0], [0]])
    expect(Number.isFinite(logme(zeros, [0, 0, 1, 1], 2).value)).toBe(true)
    expect(() => logme(zeros, [0, 0, 1, 1], 2, { variant: 'public' })).toThrow('all zero')
    expect(logme(features, [3, 3, 3, 3, 3, 3], 4).perClass.map(({ label, rows }) => [label, rows])).toEqual([[3, 6]])
  })

  it.each<[string, () => unknown, string]>([
    ['NaN', () => logme(matrixOf([[1, 2], [3, NaN]]), [0, 0], 1), 'row 1, column 1'], // prettier-ignore
    ['a class of one row', () => logme(features, [0, 0, 0, 1, 1, 2], 3), 'class 2 has one row'],
    ['no rows', () => logme(matrixOf([]), [], 2), 'labelled rows'],
    ['other rows', () => logme(features, [0, 0], 2), '2 labels for 6 rows'],
    ['a label beyond the classes', () => logme(features, [0, 0, 0, 1, 1, 2], 2), 'row 5 is 2'],
    ['a background of another width', () => ped(features, labels, 2, { background: matrixOf([[1], [2]]) }), '1 features'],
    [
      'NaN in the background',
      () => ped(features, labels, 2, { background: matrixOf([[1, NaN]]) }),
      'background feature at row 0, column 1',
    ],
  ])('refuses %s', (_, measure, message) => expect(measure).toThrow(message))
})

describe('potential energy decline', () => {
  const unit = matrixOf([
    [1, 1],
    [-1, -1],
  ])
  const overlapping = matrixOf([
    [-2, 0],
    [2, 0],
    [-1, 1],
    [3, 1],
  ])

  it('has the values of the worked example', () => {
    const { features: moved, steps, displacements } = ped(overlapping, [0, 0, 1, 1], 2, { background: unit })
    expect(displacements[0]).toBeCloseTo(0.013941, 6)
    expect(steps).toBe(6)
    expect((moved.data[0] + moved.data[2]) / 2).toBeCloseTo(-0.020396, 6)
    expect((moved.data[5] + moved.data[7]) / 2).toBeCloseTo(1.020396, 6)
  })

  it('moves overlapping classes apart along their line, and nothing else', () => {
    const far = matrixOf([...Array.from({ length: 4 }, (_, i) => [...rowOf(overlapping, i)]), [50, 50], [51, 50]])
    const { features: moved } = ped(far, [0, 0, 1, 1, 2, 2], 3, { background: unit })
    const shift = (row: number): number[] => [...rowOf(moved, row)].map((value, j) => value - rowOf(far, row)[j])
    expect(shift(4)).toEqual([0, 0])
    expect(shift(0)[0]).toBeLessThan(0)
    shift(0).forEach((value, j) => {
      expect(value).toBeCloseTo(shift(0)[0], 12)
      expect(value).toBeCloseTo(-shift(2)[j], 12)
      expect(value).toBeCloseTo(shift(1)[j], 12)
    })
    expect(squaredDistance(moved.data, 0, moved.data, 2, 2)).toBeCloseTo(16, 10)
  })

  it('leaves separate classes, and classes with one centre, where they are', () => {
    expect(ped(features, labels, 2, { nSigma: 0.01 })).toMatchObject({ steps: 0, displacements: [0], features })
    const together = matrixOf([[1], [-1], [2], [-2]])
    expect(ped(together, [0, 0, 1, 1], 2)).toMatchObject({ steps: 0, features: together })
    expect(ped(overlapping, [0, 0, 1, 1], 2, { steps: 0 })).toMatchObject({ steps: 0, displacements: [], features: overlapping })
  })
})

describe('a twin in dense linear algebra', () => {
  it.each(fixture.cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const m = matrixOf(one.features)
    const background = matrixOf(one.background)
    for (const variant of logMeVariants) {
      const { value, perClass } = logme(m, one.labels, one.classes, { variant })
      expect(value).toBeCloseTo(one[variant].value, 8)
      perClass.forEach((found, c) => expect(found.value).toBeCloseTo(one[variant].perClass[c], 7))
      const moved = pedLogme(m, one.labels, one.classes, { ...one.options, variant, background })
      expect(moved.steps).toBe(one.ped.steps)
      expect(moved.value).toBeCloseTo(one.ped[variant], 8)
    }
  })
})

describe('what LogME is made of', () => {
  it.each([1, 2, 5, 8, 21])('Gram matrices are the sums of products: %i rows', (n) => {
    const m = normals(randomFrom('gram').fork(n), n, 7)
    const sums = (a: Matrix): number[] =>
      Array.from({ length: a.rows * a.rows }, (_, t) => inner(rowOf(a, Math.floor(t / a.rows)), rowOf(a, t % a.rows)))
    rowGram(m).data.forEach((value, t) => expect(value).toBeCloseTo(sums(m)[t], 10))
    columnGram(m).data.forEach((value, t) => expect(value).toBeCloseTo(sums(transposed(m))[t], 10))
  })

  it('sums over blocks of many rows', () => {
    const m = normals(randomFrom('blocks'), 300, 3)
    const direct = rowGram(transposed(m))
    columnGram(m).data.forEach((value, t) => expect(value).toBeCloseTo(direct.data[t], 9))
  })

  it.each([1, 2, 9, 30])('coordinates in the eigenvectors give back products with the matrix: %i × n', (n) => {
    const gram = rowGram(normals(randomFrom('coordinates').fork(n), n, n))
    const vectors = normals(randomFrom('vectors').fork(n), n, 2)
    const { values, coordinates } = eigenCoordinates(gram, vectors)
    const [u, v] = [0, 1].map((c) => Float64Array.from({ length: n }, (_, i) => vectors.data[i * 2 + c]))
    const product = Float64Array.from(u, (_, i) => inner(rowOf(gram, i), v))
    const turned = values.reduce((sum, value, i) => sum + value * coordinates.data[i * 2] * coordinates.data[i * 2 + 1], 0)
    expect(turned).toBeCloseTo(inner(u, product), 8)
  })
})
