import { createReferenceExecutor } from '@backends/reference/executor'
import { exponentials, logSoftmax } from '@engine/core/linear'
import { rowOf, type FloatArray, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import type { Rows } from '@engine/data/dataset'
import { identityScaling } from '@engine/data/gather'
import { adamDirection, adamTerms } from '@engine/nn/adamDirection'
import { layersOf } from '@engine/nn/architectures'
import { createModel } from '@engine/nn/createModel'
import type { Model } from '@engine/nn/model'
import { oneHot, outputErrors, product } from '@engine/strategies/lossGradients'
import { describe, expect, it } from 'vitest'
import { normals } from '../../support/query'

const classes = 3
const n = 7
const random = randomFrom('gradients')

const shapes = {
  mlp: { shape: [5], spec: { type: 'mlp', hidden: [6, 4], dropout: 0, init: 'torch-default' } },
  cnn: { shape: [2, 6, 6], spec: { type: 'cnn', filters: [3, 4], hidden: [5], dropout: 0, init: 'torch-default' } },
} as const

function modelOf(kind: keyof typeof shapes) {
  const { shape, spec } = shapes[kind]
  const size = shape.reduce<number>((a, b) => a * b, 1)
  const model = createModel(
    { layers: layersOf(spec, shape, classes), init: spec.init, inputShape: shape, classes },
    createReferenceExecutor(),
  )
  model.initialize(random.fork(kind))
  const data = normals(random.fork(kind, 'x'), n, size).data
  const rows = (index: readonly number[]): Rows => ({
    pool: { data, rows: n, shape },
    scaling: identityScaling,
    index: Int32Array.from(index),
  })
  const all = rows(Array.from({ length: n }, (_, i) => i))
  const direction = model.parameters.map(
    ({ shape: s }, t) =>
      normals(
        random.fork(kind, 'v', t),
        1,
        s.reduce((a, b) => a * b, 1),
      ).data,
  )
  /** one sample's gradient, formed on its own */
  const gradient = (i: number, label: number) => model.meanGradient(rows([i]), oneHot(Int32Array.of(label), classes))
  return { model, rows, all, direction, gradient }
}

const probabilitiesOf = async (model: Model, rows: Rows): Promise<Matrix<Float64Array>> =>
  exponentials(logSoftmax((await model.outputs(rows)).logits))

const expectClose = (found: number, expected: number) =>
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(expected)))

describe.each(['mlp', 'cnn'] as const)('gradients of a %s', (kind) => {
  const { model, rows, all, direction, gradient } = modelOf(kind)

  it('a mean gradient equals finite differences of the mean loss with soft labels, however rows are split', async () => {
    const targets = exponentials(logSoftmax(normals(random.fork('soft'), n, classes)))
    const loss = async () => {
      const logp = logSoftmax((await model.outputs(all)).logits)
      return -logp.data.reduce((sum, value, i) => sum + value * targets.data[i], 0) / n
    }
    const found = await model.meanGradient(all, targets)
    const weights = await model.snapshot()
    const moved = (step: number): FloatArray[] => weights.map((w, t) => Float64Array.from(w, (value, i) => value + step * direction[t][i]))
    model.restore(moved(1e-6))
    const up = await loss()
    model.restore(moved(-1e-6))
    const down = await loss()
    model.restore(weights)
    expect(product(found, direction)).toBeCloseTo((up - down) / 2e-6, 6)

    const parts = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6].map((i) => model.meanGradient(rows([i]), { ...targets, data: rowOf(targets, i), rows: 1 })),
    )
    found.forEach((tensor, t) => tensor.forEach((value, i) => expectClose(value, parts.reduce((sum, part) => sum + part[t][i], 0) / n)))
  })

  it('⟨∇CE_c, V⟩ = p·u − u_c for every label, from one pass', async () => {
    const p = await probabilitiesOf(model, all)
    const u = await model.logitTangents(all, direction)
    for (let i = 0; i < n; i++) {
      const mean = rowOf(p, i).reduce((sum, value, c) => sum + value * u.data[i * classes + c], 0)
      for (let c = 0; c < classes; c++) expectClose(mean - u.data[i * classes + c], product(await gradient(i, c), direction))
    }
  })

  it('norms are those of explicit gradients, tensor by tensor, and ⟨g, g⟩ is their sum', async () => {
    const p = await probabilitiesOf(model, all)
    const labels = Int32Array.from({ length: n }, (_, i) => i % classes)
    const squared = await model.gradientNorms(all, outputErrors(p, oneHot(labels, classes)))
    for (let i = 0; i < n; i++) {
      const g = await gradient(i, labels[i])
      g.forEach((tensor, t) => expectClose(squared.data[i * squared.cols + t], product([tensor], [tensor])))
      const u = await model.logitTangents(rows([i]), g)
      const own = rowOf(p, i).reduce((sum, value, c) => sum + value * u.data[c], 0) - u.data[labels[i]]
      expectClose(
        own,
        rowOf(squared, i).reduce((a, b) => a + b),
      )
    }
  })

  it.each(['paper', 'code'] as const)('Adam directions (%s) are those of explicit gradients', async (form) => {
    const p = await probabilitiesOf(model, all)
    const labels = Int32Array.from({ length: n }, (_, i) => (i + 1) % classes)
    const moments = {
      first: direction.map((v) => v.map((value) => 0.01 * value)),
      second: direction.map((v) => v.map((value) => 1e-3 * value * value)),
      step: 12,
    }
    const other = direction.map((v) => v.map((value, i) => Math.sin(value + i)))
    const { products, squared } = await model.adamProducts(all, outputErrors(p, oneHot(labels, classes)), { form, moments }, [
      direction,
      other,
    ])
    const terms = adamTerms(form, moments.step)
    for (let i = 0; i < n; i++) {
      const g = await gradient(i, labels[i])
      const gamma = g.map((tensor, t) =>
        tensor.map((value, k) => adamDirection(form, terms, moments.first[t][k], moments.second[t][k], value)),
      )
      expectClose(squared[i], product(gamma, gamma))
      expectClose(products.data[2 * i], product(gamma, direction))
      expectClose(products.data[2 * i + 1], product(gamma, other))
    }
  })

  it('projections are linear, alike for every request, and keep cosines within their error', async () => {
    const p = await probabilitiesOf(model, all)
    const errors = outputErrors(
      p,
      oneHot(
        Int32Array.from({ length: n }, (_, i) => i % classes),
        classes,
      ),
    )
    const dimension = 512
    const projection = { dimension, random: random.fork('projection'), layers: 'all' as const }
    const found = await model.projectedGradients(all, errors, projection)
    const again = await model.projectedGradients(rows([4]), { ...errors, data: rowOf(errors, 4), rows: 1 }, projection)
    again.data.forEach((value, k) => expectClose(value, found.data[4 * dimension + k]))
    const double = await model.projectedGradients(all, { ...errors, data: errors.data.map((e) => 2 * e) }, projection)
    double.data.forEach((value, k) => expectClose(value, 2 * found.data[k]))
    const explicit = await Promise.all(Array.from({ length: n }, (_, i) => gradient(i, i % classes)))
    for (let i = 1; i < n; i++) {
      const cosine = product(explicit[0], explicit[i]) / Math.sqrt(product(explicit[0], explicit[0]) * product(explicit[i], explicit[i]))
      const [a, b] = [[rowOf(found, 0)], [rowOf(found, i)]]
      const projected = product(a, b) / Math.sqrt(product(a, a) * product(b, b))
      expect(Math.abs(projected - cosine)).toBeLessThan(4 * Math.sqrt((1 + cosine ** 2) / dimension))
    }
  })

  it('reads with other weights without touching its own', async () => {
    const before = await probabilitiesOf(model, all)
    const own = await model.snapshot()
    const past = own.map((w) => w.map((value) => 0.5 * value))
    const reader = model.readerAt(past)
    const [there, here, again] = await Promise.all([
      reader.outputs(all).then(({ logits }) => logits),
      probabilitiesOf(model, all),
      model.readerAt(own).outputs(all),
    ])
    expect(here).toEqual(before)
    expect(exponentials(logSoftmax(again.logits))).toEqual(before)
    model.restore(past)
    expect((await model.outputs(all)).logits).toEqual(there)
    model.restore(own)
  })
})
