import { createReferenceExecutor } from '@backends/reference/executor'
import { rowOf, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { adamDirection, adamTerms, type AdamForm } from '@engine/nn/adamDirection'
import { createModel } from '@engine/nn/createModel'
import { arrayView } from '@engine/strategies/arrayView'
import type { CheckpointView } from '@engine/strategies/contract'
import { checkpointInfluence, targetRows, type InfluenceOptions } from '@engine/strategies/influence'
import { less, lessScores } from '@engine/strategies/less'
import { meanGradient, oneHot, product, unit } from '@engine/strategies/lossGradients'
import { attributions, marginErrors } from '@engine/strategies/trak'
import { describe, expect, it } from 'vitest'
import { normals, randomSamples, range, sampleQuery } from '../../support/query'

const random = randomFrom('influence')
const [n, classes] = [12, 3]
const data = normals(random.fork('x'), n, 4).data
const labels = Int32Array.from({ length: n }, (_, i) => i % classes)
const rows = range(0, n)

function network() {
  const layers = [{ type: 'dense', units: 5 }, { type: 'tanh' }, { type: 'dense', units: classes }] as const
  const model = createModel({ layers, init: 'torch-default', inputShape: [4], classes }, createReferenceExecutor())
  model.initialize(random.fork('weights'))
  const view = arrayView({
    network: { model, rowsOf: (index) => ({ pool: { data, rows: n, shape: [4] }, scaling: identityScaling, index }) },
  })
  const moments = (scale: number) => ({
    first: model.parameters.map(
      ({ shape }, t) =>
        normals(
          random.fork('m', t),
          1,
          shape.reduce((a, b) => a * b, 1),
          scale,
        ).data,
    ),
    second: model.parameters.map(({ shape }, t) =>
      normals(
        random.fork('v', t),
        1,
        shape.reduce((a, b) => a * b, 1),
      ).data.map((v) => scale * v * v),
    ),
    step: 10,
  })
  return { model, view, moments }
}

const options: InfluenceOptions = {
  layers: 'all',
  similarity: 'dot',
  items: 'mean-of-cosines',
  merged: false,
  form: null,
  projection: null,
}
const item = (row: number, label = labels[row]) => ({ rows: Int32Array.of(row), labels: Int32Array.of(label) })

describe('SGD influence', async () => {
  const { model, view } = network()
  const checkpoint: CheckpointView = { model: view, moments: null, learningRate: 1 }
  const [all] = await checkpointInfluence(
    checkpoint,
    rows,
    [labels],
    Array.from(rows, (row) => item(row)),
    options,
  )

  it('is symmetric, and not negative for a sample and itself', () => {
    for (const i of rows) {
      expect(all.data[i * n + i]).toBeGreaterThan(0)
      for (const j of rows) expect(all.data[i * n + j]).toBeCloseTo(all.data[j * n + i], 12)
    }
  })

  it('predicts to first order what a small step on a sample does to the loss of another', async () => {
    const loss = async (row: number) => -rowOf(await view.logProbabilities(Int32Array.of(row)), 0)[labels[row]]
    const weights = await model.snapshot()
    const before = await loss(7)
    const gradient = await meanGradient(view, Int32Array.of(2), oneHot(labels.subarray(2, 3), classes), 'all')
    const rate = 1e-5
    model.restore(weights.map((w, t) => w.map((value, k) => value - rate * gradient[t][k])))
    const after = await loss(7)
    model.restore(weights)
    expect((after - before) / rate).toBeCloseTo(-all.data[2 * n + 7], 4)
  })

  it('means of cosines are not cosines of means', async () => {
    const both = { rows: Int32Array.of(1, 2), labels: Int32Array.of(1, 2) }
    const of = async (items: InfluenceOptions['items']) =>
      (
        await checkpointInfluence(checkpoint, Int32Array.of(0), [labels.subarray(0, 1)], [both], { ...options, similarity: 'cos', items })
      )[0].data[0]
    const gradients = await Promise.all(
      [0, 1, 2].map((row) => meanGradient(view, Int32Array.of(row), oneHot(labels.subarray(row, row + 1), classes), 'all')),
    )
    const [a, b, c] = gradients.map(unit)
    expect(await of('mean-of-cosines')).toBeCloseTo((product(a, b) + product(a, c)) / 2, 12)
    const mean = gradients[1].map((part, t) => part.map((value, k) => (value + gradients[2][t][k]) / 2))
    expect(await of('cosine-of-mean')).toBeCloseTo(product(a, unit(mean)), 12)
  })

  it('projections keep cosines within their error, at every dimension alike for all checkpoints', async () => {
    const groups = Array.from(rows, (row) => item(row))
    const [exact] = await checkpointInfluence(checkpoint, rows, [labels], groups, { ...options, similarity: 'cos' })
    for (const dimension of [64, 400]) {
      const projection = { dimension, random: random.fork('projection') }
      const [found] = await checkpointInfluence(checkpoint, rows, [labels], groups, { ...options, similarity: 'cos', projection })
      found.data.forEach((value, at) =>
        expect(Math.abs(value - exact.data[at])).toBeLessThan(4 * Math.sqrt((1 + exact.data[at] ** 2) / dimension)),
      )
      expect(found.data[0]).toBeCloseTo(1, 10)
    }
  })
})

describe('the Adam direction', () => {
  const gamma = (form: AdamForm, step: number, m: number, v: number, g: number) => adamDirection(form, adamTerms(form, step), m, v, g)

  it('gives the numbers of the worked example', () => {
    expect([gamma('code', 100, 0.02, 4e-4, 0.1), gamma('code', 100, -0.01, 1e-4, 0.1)]).toEqual([
      expect.closeTo(1.38348, 5),
      expect.closeTo(0.095385, 6),
    ])
    expect([gamma('paper', 100, 0.02, 4e-4, 0.1), gamma('paper', 100, -0.01, 1e-4, 0.1)]).toEqual([
      expect.closeTo(0.428922, 6),
      expect.closeTo(0.029573, 6),
    ])
    const direction = (form: AdamForm) => unit([Float64Array.of(gamma(form, 100, 0.02, 4e-4, 0.1), gamma(form, 100, -0.01, 1e-4, 0.1))])
    expect(product(direction('code'), direction('paper'))).toBeCloseTo(1, 7)
  })

  it('is the sign of the gradient before the first step', () => {
    for (const g of [-2, -0.1, 0.1, 2]) {
      expect(gamma('paper', 0, 0, 0, g)).toBeCloseTo(Math.sign(g), 6)
      expect(gamma('code', 0, 0, 0, g)).toBeCloseTo(Math.sign(g) * 3.1622, 2)
    }
    expect(gamma('code', 0, 0, 0, 0.1)).toBeCloseTo(3.1607, 4)
  })

  it('changes its cosine with the length of the gradient; plain SGD does not', async () => {
    const { view, moments } = network()
    const checkpoint = { model: view, moments: moments(0.1), learningRate: 1 }
    const target = await meanGradient(view, Int32Array.of(5), oneHot(labels.subarray(5, 6), classes), 'all')
    const p = await view.probabilities(Int32Array.of(1))
    const cosine = async (scale: number) => {
      const errors: Matrix = { ...p, data: Float64Array.from(p.data, (value, c) => scale * (value - (c === 1 ? 1 : 0))) }
      const adam = await view.adamProducts(Int32Array.of(1), errors, { form: 'code', moments: checkpoint.moments }, [target])
      const u = await view.logitTangents(Int32Array.of(1), target)
      const dot = product([errors.data], [u.data])
      const norms = await view.gradientNorms(Int32Array.of(1), errors)
      return { adam: adam.products.data[0] / Math.sqrt(adam.squared[0]), sgd: dot / Math.sqrt(norms.data.reduce((a, b) => a + b)) }
    }
    const [one, ten] = [await cosine(1), await cosine(10)]
    expect(ten.sgd).toBeCloseTo(one.sgd, 12)
    expect(Math.abs(ten.adam - one.adam)).toBeGreaterThan(1e-3)
  })
})

describe('less', () => {
  const samples = randomSamples('less', 30)

  it('averages over labels, not gradients: expected is Σ p_c · score_c', async () => {
    const query = sampleQuery(samples, { labeled: 4, k: 5 })
    const params = less.params.parse({ labelMode: 'expected' })
    const target = await targetRows(query, 'val-true')
    const each = await lessScores(
      query,
      params,
      target,
      [0, 1, 2, 3].map((label) => new Int32Array(26).fill(label)),
    )
    const p = await query.model.probabilities(query.pool)
    const { scores } = await less.select(query, params)
    scores?.forEach((score, i) =>
      expect(score).toBeCloseTo(
        each.reduce((sum, own, c) => sum + own[i] * p.data[i * 4 + c], 0),
        12,
      ),
    )
  })

  it('takes the class of the target that a candidate helps most, or the mean of the classes', async () => {
    const query = sampleQuery(samples, { labeled: 4, k: 5 })
    const target = await targetRows(query, 'val-true')
    const labelings = [Int32Array.from({ length: 26 }, (_, i) => i % 4)]
    const of = async (aggregate: string, rowsOfTarget = target) =>
      (await lessScores(query, less.params.parse({ aggregate }), rowsOfTarget, labelings))[0]
    const present = [...new Set(target.labels)]
    const each = await Promise.all(
      present.map((label) => {
        const own = target.rows.map((_, i) => i).filter((i) => target.labels[i] === label)
        return of('mean', { rows: own.map((i) => target.rows[i]), labels: own.map((i) => target.labels[i]) })
      }),
    )
    const [most, mean] = [await of('max'), await of('mean')]
    for (let i = 0; i < 26; i++) {
      expect(most[i]).toBeCloseTo(Math.max(...each.map((own) => own[i])), 12)
      expect(mean[i]).toBeCloseTo(each.reduce((sum, own) => sum + own[i], 0) / each.length, 12)
    }
  })

  it('refuses a target class without validation rows', async () => {
    const query = sampleQuery(samples, { labeled: 4, k: 5 })
    await expect(less.select(query, less.params.parse({ target: { classes: [9] } }))).rejects.toMatchObject({
      code: 'bad-input',
      details: { path: 'target' },
    })
  })
})

describe('trak', () => {
  it('is invariant to an invertible map of the features, without the ridge', () => {
    const [m, k] = [20, 4]
    const x = normals(random.fork('features'), m, k)
    const t = normals(random.fork('target'), 1, k)
    const map = normals(random.fork('map'), k, k)
    const times = (a: Matrix) => ({
      rows: a.rows,
      cols: k,
      data: Float64Array.from({ length: a.rows * k }, (_, at) =>
        Array.from({ length: k }, (_unused, j) => a.data[Math.floor(at / k) * k + j] * map.data[j * k + (at % k)]).reduce((p, q) => p + q),
      ),
    })
    const plain = attributions(x, t.data, 0)
    attributions(times(x), times(t).data, 0).forEach((value, i) => expect(value).toBeCloseTo(plain[i], 9))
    expect(() => attributions({ ...x, data: x.data.map((value, at) => (at % k === 1 ? x.data[at - 1] : value)) }, t.data, 0)).toThrow(
      'linearly dependent',
    )
    expect([...attributions({ ...x, data: new Float64Array(m * k) }, t.data, 0)]).toEqual(new Array(m).fill(0))
  })

  it('differentiates the margin log(p / (1 − p)), also where the model is sure', () => {
    const logits = [3, 1, -1]
    const margin = (z: readonly number[]) => z[0] - Math.log(Math.exp(z[1]) + Math.exp(z[2]))
    const [found] = [marginErrors({ data: Float64Array.from(logits), rows: 1, cols: 3 }, Int32Array.of(0)).data]
    logits.forEach((_, c) => {
      const moved = (step: number) => margin(logits.map((z, j) => z + (j === c ? step : 0)))
      expect(found[c]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 7)
    })
    const sure = marginErrors({ data: Float64Array.of(0, -800, -800), rows: 1, cols: 3 }, Int32Array.of(0)).data
    expect([...sure]).toEqual([1, -0.5, -0.5])
  })
})
