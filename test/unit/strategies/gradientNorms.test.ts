import { describe, expect, it } from 'vitest'
import { createReferenceExecutor } from '@backends/reference/executor'
import { kMeansPlusPlus } from '@engine/core/kMeansPlusPlus'
import { selectionSpace } from '@engine/core/distances'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { layersOf } from '@engine/nn/architectures'
import { createModel } from '@engine/nn/createModel'
import { acquisition } from '@engine/strategies/acquisition'
import { entropyOutputErrors } from '@engine/strategies/entropyGradnorm'
import { scoreSource } from '@engine/strategies/query'
import { scoreOf, type ScoreId } from '@engine/strategies/scores'
import { arrayView, matrixOf, normals, randomSamples, range, sampleQuery, viewOf } from '../../support/query'

const n = 7
const inputs = normals(randomFrom('inputs'), n, 3)

function modelView(type: 'linear' | 'mlp') {
  const spec =
    type === 'linear' ? ({ type, init: 'torch-default' } as const) : ({ type, hidden: [16], dropout: 0, init: 'torch-default' } as const)
  const model = createModel(
    { layers: layersOf(spec, [3], 3), init: 'torch-default', inputShape: [3], classes: 3 },
    createReferenceExecutor(),
  )
  model.initialize(randomFrom('weights'))
  const pool = { data: inputs.data, rows: n, shape: [3] }
  return arrayView({ network: { model, rowsOf: (index) => ({ pool, scaling: identityScaling, index }) } })
}

const score = (id: ScoreId, view: ReturnType<typeof modelView>, params: object): Promise<Float64Array> =>
  scoreOf(id).score(scoreSource(view, range(0, n)), scoreOf(id).params.parse(params))

describe('expected gradient length and Fisher trace over all layers', () => {
  it.each<[ScoreId, object]>([
    ['egl', { normMode: 'tensor-sum' }],
    ['egl', { normMode: 'global-l2' }],
    ['fisher-trace', {}],
  ])('of one layer are the closed form: %s %j', async (id, params) => {
    const view = modelView('linear')
    const [all, last] = [await score(id, view, { ...params, layers: 'all' }), await score(id, view, { ...params, layers: 'last' })]
    all.forEach((value, i) => expect(value).toBeCloseTo(last[i], 12))
  })

  it('count the layers below too', async () => {
    const view = modelView('mlp')
    for (const id of ['egl', 'fisher-trace'] as const) {
      const [all, last] = [await score(id, view, { layers: 'all' }), await score(id, view, { layers: 'last' })]
      all.forEach((value, i) => expect(value).toBeGreaterThan(last[i]))
    }
  })

  it('the mean square is at least the square of the mean', async () => {
    const view = modelView('mlp')
    const [egl, trace] = [
      await score('egl', view, { layers: 'all', normMode: 'global-l2' }),
      await score('fisher-trace', view, { layers: 'all' }),
    ]
    egl.forEach((value, i) => expect(trace[i]).toBeGreaterThanOrEqual(value ** 2 - 1e-12))
  })

  it('are largest at a uniform prediction, where the entropy gradient is 0', async () => {
    const view = arrayView({
      logits: matrixOf([
        [0, 0, 0],
        [2, 0, 0],
        [9, 0, 0],
      ]),
      embeddings: matrixOf([[1], [1], [1]]),
    })
    for (const id of ['egl', 'fisher-trace'] as const) {
      const [uniform, sure, surer] = await scoreOf(id).score(scoreSource(view, range(0, 3)), scoreOf(id).params.parse({}))
      expect(uniform).toBeGreaterThan(sure)
      expect(sure).toBeGreaterThan(surer)
    }
  })
})

it('k-means++ on the entropy gradient of the last weight samples dH/dz ⊗ h by D²', async () => {
  const samples = randomSamples('embedding', 40)
  const params = acquisition.params.parse({ score: 'entropy-gradnorm', layers: 'last-weight', batch: 'kmeans++' })
  const { rows } = await acquisition.select(sampleQuery(samples, { k: 12, seed: 'draws' }), params)
  const [view, pool] = [viewOf(samples), range(0, 40)]
  const errors = entropyOutputErrors(await view.logProbabilities(pool))
  const embeddings = await view.embeddings(pool)
  const { cols: d } = embeddings
  // The outer products, formed.
  const outer = matrixOf(
    [...pool].map((i) =>
      Array.from(
        { length: errors.cols * d },
        (_, t) => errors.data[i * errors.cols + Math.floor(t / d)] * embeddings.data[i * d + (t % d)],
      ),
    ),
  )
  expect([...rows]).toEqual([...kMeansPlusPlus(selectionSpace(outer), 12, 'max-norm', randomFrom('draws'))])
})
