import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { onnxBuilder } from '@backends/onnx/builder'
import { randomFrom } from '@engine/core/random'
import { identityScaling, sampleSize } from '@engine/data/gather'
import { createBackbone, planTrunk } from '@engine/nn/backbone'
import type { LayerSpec } from '@engine/nn/model'
import type { FeatureAssignment } from '@main/lab/ports'
import { loadDataset } from '@main/node/datasets'
import { openFeatures } from '@main/node/features/files'
import { featuresOfRun } from '@main/node/features/make'
import { findFeatures } from '@main/node/features/store'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { addModel } from '@main/node/models/library'
import { refusal } from '../../support/errors'

const folder = mkdtempSync(join(tmpdir(), 'querent-features-'))
const [features, models] = [join(folder, 'features'), join(folder, 'models')]
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const wine = await loadDataset('wine', folder)
const spawner = inProcessSpawner(() => createWorker(undefined, { features, models }))
const source = { dataset: 'wine', datasetName: 'wine', datasetSha256: wine.sha256, baseDir: folder }
const ask = async (request: Partial<FeatureAssignment> & Pick<FeatureAssignment, 'from'>, told: number[] = []) => {
  const job = await spawner.spawn()
  try {
    return await job.features({ ...source, ...request }, ({ rows }) => void told.push(rows))
  } finally {
    await job.dispose()
  }
}
const firstRow = async (name: string): Promise<number[]> => {
  const open = openFeatures(features, await findFeatures(features, name))
  const { data } = open.read(Int32Array.of(0))
  open.dispose()
  return [...data]
}

describe('a job that makes features', () => {
  it('runs a model file over a data set and tells how far it is', async () => {
    const builder = onnxBuilder()
    const d = sampleSize(wine.train)
    builder.output('y', builder.node('ReduceSum', [builder.input('x', [50, d]), builder.integers([1])], { keepdims: 1 }), [50, 1])
    writeFileSync(join(folder, 'sum.onnx'), builder.encode())
    const told: number[] = []
    const made = await ask({ from: { type: 'onnx', model: join(folder, 'sum.onnx'), settings: { std: [2] } } }, told)
    expect(made).toMatchObject({ name: 'sum', rows: wine.train.rows, width: 1, source: 'ONNX model sum.onnx' })
    expect(told).toEqual([0, 50, 100, 150, 178])
    const total = Float64Array.from(wine.train.data.subarray(0, d)).reduce((a, b) => a + b, 0)
    expect((await firstRow('sum'))[0]).toBeCloseTo(total / 2, 3)
    const error = await refusal(() => ask({ from: { type: 'onnx', model: join(folder, 'sum.onnx'), settings: { pooling: 'last' } } }))
    expect(error).toMatchObject({ code: 'bad-input', details: { path: 'pooling' } })
  })

  it('makes the features of a backbone of the model library, which runs that fine-tune it read', async () => {
    const layers: LayerSpec[] = [{ type: 'dense', units: 5 }, { type: 'relu' }]
    const { state } = planTrunk(layers, wine.train.shape)
    const random = randomFrom('backbone')
    const weights = state.map(({ name, shape }) => ({
      name,
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() / 100),
    }))
    const backbone = createBackbone({ name: 'small', layers, inputShape: wine.train.shape, scaling: identityScaling, weights })
    const about = { key: null, source: 'a test', method: 'imported', loss: null, accuracy: null } as const
    await addModel(models, backbone, about)
    const made = await ask({ from: { type: 'backbone', backboneSha256: backbone.id, backend: 'reference' } })
    expect(made).toMatchObject({ name: 'small', width: 5, backboneSha256: backbone.id })
    expect(made.forwardMs).toBeGreaterThan(0)
    const [weight, bias] = weights
    const d = sampleSize(wine.train)
    const expected = Array.from({ length: 5 }, (_, unit) => {
      let sum = bias.data[unit]
      for (let j = 0; j < d; j++) sum += weight.data[unit * d + j] * wine.train.data[j]
      return Math.max(0, sum)
    })
    ;(await firstRow('small')).forEach((value, unit) => expect(value).toBeCloseTo(expected[unit], 4))
    const run = {
      data: { test: 'provided', scaling: 'auto', split: null, features: null },
      files: {},
      datasetName: 'wine',
      datasetSha256: wine.sha256,
    } as const
    const opened = await featuresOfRun({ ...run, backend: 'reference', precision: 'float64', backboneSha256: backbone.id }, features)
    expect([opened?.width, opened?.forwardMs]).toEqual([5, made.forwardMs])
    opened?.dispose()
    const other = featuresOfRun({ ...run, backend: 'onnx-native', precision: 'float32', backboneSha256: backbone.id }, features)
    expect(await refusal(() => other)).toMatchObject({ code: 'not-found' })
    const digits = await loadDataset('digits', folder)
    const wrong = await refusal(() =>
      ask({
        dataset: 'digits',
        datasetName: 'digits',
        datasetSha256: digits.sha256,
        from: { type: 'backbone', backboneSha256: backbone.id, backend: 'reference' },
      }),
    )
    expect(wrong.message).toBe('the backbone small reads samples of shape 13, and this data set holds samples of shape 1 × 8 × 8')
  })
})
