import { beforeAll, describe, expect, it } from 'vitest'
import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import type { Dataset } from '@engine/data/dataset'
import { createModel } from '@engine/nn/createModel'
import type { RunDependencies } from '@engine/study/runLoop'
import { collect, expandFor, recordsOf, study } from '../support/studies'

/** QUERENT_TRIALS=100 repeats the published experiment in full; fewer trials stand for it in everyday tests. */
const trials = Number(process.env.QUERENT_TRIALS ?? 16)

/** Mean test accuracy (%) of rounds 0 to 7 over 100 trials (A§17). */
const published: Readonly<Record<string, readonly number[]>> = {
  random: [76.6, 87.4, 90.5, 91.7, 92.4, 92.7, 93.0, 93.2],
  margin: [76.6, 87.6, 90.8, 92.3, 93.3, 93.9, 94.3, 94.6],
  entropy: [76.6, 85.2, 89.1, 91.4, 92.9, 93.7, 94.2, 94.7],
  gradnorm: [76.6, 88.4, 91.4, 92.6, 93.4, 93.8, 94.1, 94.4],
  badge: [76.6, 88.9, 91.4, 92.7, 93.3, 93.9, 94.2, 94.6],
  'badge-unit': [76.6, 88.5, 90.6, 91.6, 92.2, 92.6, 93.0, 93.4],
  'core-set': [76.6, 89.9, 91.8, 92.6, 93.0, 93.4, 93.5, 93.7],
  align: [76.6, 87.0, 90.9, 92.2, 93.0, 93.5, 93.8, 94.2],
  'align-opposed': [76.6, 87.4, 90.6, 91.9, 92.9, 93.7, 94.0, 94.4],
  'align-entropy': [76.6, 87.0, 90.9, 91.0, 92.1, 93.3, 94.0, 94.3],
}

/** Standard errors of those means; the source gives rounds 1, 3 and 7, the first holds for the start too. */
const publishedErrors = [0.7, 0.7, 0.6, 0.5, 0.475, 0.45, 0.425, 0.4]

const text = `
dataset: toy
data: { scaling: none }
model: { type: linear }
training: { optimizer: sgd, learningRate: 0.5, weightDecay: 0.001, epochs: 200, batchSize: 1000, minSteps: 0 }
protocol: { seeds: ${trials}, initial: 8, query: 10, rounds: 7, validation: 60 }
strategies:
  - random
  - margin
  - entropy
  - { id: entropy-gradnorm, name: gradnorm, layers: last }
  - badge
  - { id: badge, name: badge-unit, normalize: unit, first: random }
  - core-set
  - { id: alignment, name: align }
  - { id: alignment, name: align-opposed, sign: -1 }
  - { id: schedule, name: align-entropy, phases: [alignment@0, entropy@2] }
metrics: [accuracy]
run: { keep: nothing }
`

/** Four Gaussian classes in ten dimensions; every trial has its own means. */
function toy(trial: number): Dataset {
  const random = randomFrom(`toy ${trial}`)
  const means = Float64Array.from({ length: 40 }, () => 1.2 * random.normal())
  const draw = (rows: number) => {
    const labels = Int32Array.from({ length: rows }, () => random.int(4))
    const data = Float64Array.from({ length: rows * 10 }, (_, i) => means[labels[Math.floor(i / 10)] * 10 + (i % 10)] + random.normal())
    return { data, rows, shape: [10], labels }
  }
  return {
    id: 'toy',
    kind: 'vector',
    classNames: ['a', 'b', 'c', 'd'],
    train: draw(660),
    test: draw(2000),
    valueRange: null,
    sha256: `toy ${trial}`,
  }
}

/** The experiment starts every fit from weights of zero. */
const fromZero: RunDependencies['createModel'] = (config, executor) => {
  const model = createModel(config, executor)
  return { ...model, initialize: () => model.restore([executor.allocate(40), executor.allocate(4)]) }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const standardError = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1) / values.length)

describe(`the toy experiment, ${trials} trials on the reference backend`, () => {
  /** accuracy in % by strategy, round and trial */
  const accuracy = new Map<string, number[][]>()

  beforeAll(async () => {
    const executor = createReferenceExecutor()
    for (const { spec } of expandFor(study(text), toy(0))) {
      const records = recordsOf(await collect(spec, toy(spec.repeat), { executor, createModel: fromZero }))
      const rounds = accuracy.get(spec.strategy.name) ?? records.map(() => [])
      records.forEach(({ metrics }, round) => rounds[round].push(100 * (metrics.accuracy ?? NaN)))
      accuracy.set(spec.strategy.name, rounds)
    }
    if (process.env.QUERENT_TRIALS)
      for (const [name, rounds] of accuracy) console.info(name, rounds.map((values) => mean(values).toFixed(1)).join(' '))
  }, 600_000)

  const at = (name: string, round: number): readonly number[] => accuracy.get(name)?.[round] ?? []
  const gain = (a: string, b: string, round: number): number => mean(at(a, round)) - mean(at(b, round))

  it.each(Object.keys(published))('%s agrees with the published means within four combined standard errors', (name) => {
    publishedErrors.forEach((error, round) => {
      const combined = error * Math.sqrt(1 + 100 / trials)
      const [ours, theirs] = [mean(at(name, round)), published[name][round]]
      expect(Math.abs(ours - theirs), `${name}, round ${round}: ${ours} against ${theirs}`).toBeLessThanOrEqual(4 * combined)
    })
  })

  it.each(Object.keys(published).slice(1))('%s differs from random as published, trial by trial', (name) => {
    published[name].forEach((expected, round) => {
      const differences = at(name, round).map((value, trial) => value - at('random', round)[trial])
      const [ours, theirs] = [mean(differences), expected - published.random[round]]
      // The published means are rounded to 0.1.
      const band = 4 * standardError(differences) * Math.sqrt(1 + trials / 100) + 0.1
      expect(Math.abs(ours - theirs), `${name} − random, round ${round}: ${ours} against ${theirs}`).toBeLessThanOrEqual(band)
    })
  })

  it('starts every strategy from the same accuracy', () => {
    for (const name of Object.keys(published)) expect(at(name, 0)).toEqual(at('random', 0))
  })

  it('has entropy behind random after the first query and ahead at the end', () => {
    expect(gain('entropy', 'random', 1)).toBeLessThan(0)
    expect(gain('entropy', 'random', 7)).toBeGreaterThan(0)
  })

  it('has the diverse methods ahead of random after the first query, BADGE also at the end', () => {
    expect(gain('core-set', 'random', 1)).toBeGreaterThan(0)
    expect(gain('badge', 'random', 1)).toBeGreaterThan(0)
    expect(gain('badge', 'random', 7)).toBeGreaterThan(0)
  })

  it('has BADGE without the length of its gradients behind BADGE at the end', () => {
    expect(gain('badge', 'badge-unit', 7)).toBeGreaterThan(0)
  })
})
