import { describe, expect, it } from 'vitest'
import type { Dataset } from '@engine/data/dataset'
import { memoryFeatures } from '@engine/data/features'
import { identityScaling } from '@engine/data/gather'
import { hashDataset } from '@engine/data/hash'
import { createBackbone } from '@engine/nn/backbone'
import given from '../fixtures/asvpCheck.json'
import { relativeError } from '../support/reference'
import { collect, expandFor, recordsOf, study } from '../support/studies'

const labels = Int32Array.from(given.labels)
const pool = { data: Float32Array.from(given.inputs.flat()), rows: labels.length, shape: [5], labels }
const dataset: Dataset = {
  id: 'given',
  kind: 'vector',
  classNames: ['a', 'b', 'c'],
  train: pool,
  test: pool,
  valueRange: null,
  sha256: hashDataset(pool, pool),
}
const backbone = createBackbone({
  name: 'given',
  layers: [{ type: 'dense', units: 6 }, { type: 'relu' }],
  inputShape: [5],
  scaling: identityScaling,
  weights: [
    { name: '0.weight', shape: [6, 5], data: Float32Array.from(given.weight.flat()) },
    { name: '0.bias', shape: [6], data: Float32Array.from(given.bias) },
  ],
})

describe.each(Object.entries(given.expected))('the checks of ASVP, scored %s', (scoreOn, expected) => {
  it('find what numpy finds in the exported features', async () => {
    // Rates this small leave the backbone as it was given, so its features are known.
    const [{ spec }] = expandFor(
      study(`
study: given
dataset: given
model: { type: finetune, backbone: given, headEpochs: 1, headLearningRate: 1.0e-30 }
training: { epochs: 1, minSteps: 1, learningRate: 1.0e-30 }
protocol: { seeds: 1, initial: 12, query: 12, rounds: 3, evaluateAt: [48] }
strategies: [{ id: asvp, base: random, tau: 1.0e+9, checks: every, method: ft, scoreOn: ${scoreOn}, epochs: 1, minSteps: 1 }]
`),
      dataset,
    )
    const features = memoryFeatures(labels.length, 4, 'given')
    features.write(0, Float32Array.from(given.features.flat()))
    const events = await collect(spec, dataset, { backbone, features })
    const start = events.find((event) => event.type === 'run-started')
    expect(start?.type === 'run-started' && start.initial.map(({ row }) => row)).toEqual(given.initial)
    const rounds = recordsOf(events).slice(0, -1)
    expect(rounds.map(({ selection }) => selection.map(({ row }) => row))).toEqual(given.batches)
    rounds.forEach(({ diagnostics }, round) => {
      for (const key of ['stored', 'tuned', 'delta'] as const)
        expect(relativeError(diagnostics[`logme_ped_${key}`], expected[round][key]), `${key}, round ${round}`).toBeLessThan(1e-9)
    })
  })
})
