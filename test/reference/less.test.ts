import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { modelFromArrays } from '@engine/nn/fromStateDict'
import { adamDirection, adamTerms } from '@engine/nn/adamDirection'
import { arrayView } from '@engine/strategies/arrayView'
import type { CheckpointView } from '@engine/strategies/contract'
import { checkpointInfluence, type InfluenceOptions, type TargetRows } from '@engine/strategies/influence'
import { lessScores, less } from '@engine/strategies/less'
import { meanGradient, oneHot, unit } from '@engine/strategies/lossGradients'
import { describe, expect, it } from 'vitest'
import { flat, tensorsOf, type NestedTensors } from '../support/nested'
import { arrayQuery, matrixOf, range } from '../support/query'
import { readReference, relativeError } from '../support/reference'

interface Checkpoint {
  readonly parameters: NestedTensors
  readonly exp_avg: NestedTensors
  readonly exp_avg_sq: NestedTensors
  readonly gradients: number[][]
  readonly adam_directions: number[][]
  readonly validation_gradients: number[][]
  readonly influence_dot: number[][]
  readonly influence_cosine: number[][]
  readonly sgd_cosine: number[][]
}

interface File {
  readonly parameter_order: string[]
  readonly train: { readonly x: number[][]; readonly y: number[] }
  readonly validation: { readonly x: number[][]; readonly y: number[] }
  readonly learning_rates: number[]
  readonly checkpoint_weights: number[]
  readonly checkpoints: Checkpoint[]
  readonly total_influence_cosine: number[][]
  readonly total_influence_dot: number[][]
  readonly score_two_subtasks: { readonly cosine: number[]; readonly dot: number[] }
}

const file = readReference<File>('less')
const classes = 3
const [trained, validated] = [file.train.x.length, file.validation.x.length]
const inputs = matrixOf([...file.train.x, ...file.validation.x])
const candidates = range(0, trained)
const labels = Int32Array.from(file.train.y)
const item = (j: number): TargetRows => ({ rows: Int32Array.of(trained + j), labels: Int32Array.of(file.validation.y[j]) })
const items = Array.from({ length: validated }, (_, j) => item(j))

async function viewOf(checkpoint: Checkpoint, learningRate: number): Promise<CheckpointView> {
  const model = await modelFromArrays({ tensors: tensorsOf(checkpoint.parameters), inputShape: [inputs.cols] }, createReferenceExecutor())
  const tensors = (of: NestedTensors) => file.parameter_order.map((name) => Float64Array.from(flat(of[name])))
  return {
    learningRate,
    moments: { first: tensors(checkpoint.exp_avg), second: tensors(checkpoint.exp_avg_sq), step: 100 },
    model: arrayView({
      network: {
        model,
        rowsOf: (index) => ({ pool: { data: inputs.data, rows: inputs.rows, shape: [inputs.cols] }, scaling: identityScaling, index }),
      },
    }),
  }
}

const options: InfluenceOptions = {
  layers: 'all',
  similarity: 'cos',
  items: 'mean-of-cosines',
  merged: false,
  form: 'code',
  projection: null,
}

const expectClose = (found: ArrayLike<number>, expected: readonly number[]) =>
  expected.forEach((value, i) => expect(relativeError(found[i], value)).toBeLessThan(1e-8))

describe('LESS as published', async () => {
  const checkpoints = await Promise.all(file.checkpoints.map((checkpoint, i) => viewOf(checkpoint, file.learning_rates[i])))

  it.each([0, 1])('has the same gradients and Adam directions at checkpoint %i', async (c) => {
    const own = file.checkpoints[c]
    const { model, moments } = checkpoints[c]
    const terms = adamTerms('code', 100)
    for (const row of candidates) {
      const gradient = await meanGradient(model, Int32Array.of(row), oneHot(labels.subarray(row, row + 1), classes), 'all')
      expectClose(
        gradient.flatMap((part) => [...part]),
        own.gradients[row],
      )
      const gamma = gradient.flatMap((part, t) => [
        ...part.map((g, k) => adamDirection('code', terms, moments?.first[t][k] ?? 0, moments?.second[t][k] ?? 0, g)),
      ])
      expectClose(gamma, own.adam_directions[row])
    }
    for (const [j, { rows, labels: label }] of items.entries())
      expectClose(
        (await meanGradient(model, rows, oneHot(label, classes), 'all')).flatMap((part) => [...part]),
        own.validation_gradients[j],
      )
  })

  it.each([0, 1])('has the same influences at checkpoint %i, row by row', async (c) => {
    const own = file.checkpoints[c]
    const of = async (more: Partial<InfluenceOptions>) =>
      (await checkpointInfluence(checkpoints[c], candidates, [labels], items, { ...options, ...more }))[0]
    expectClose((await of({})).data, own.influence_cosine.flat())
    expectClose((await of({ similarity: 'dot' })).data, own.influence_dot.flat())
    expectClose((await of({ form: null })).data, own.sgd_cosine.flat())
  })

  it('has the same scores: checkpoints by learning rate, mean in each subtask, the larger one', async () => {
    const rates = file.learning_rates.reduce((a, b) => a + b)
    file.checkpoint_weights.forEach((weight, i) => expect(file.learning_rates[i] / rates).toBeCloseTo(weight, 12))
    const half = validated / 2
    const subtasks = [items.slice(0, half), items.slice(half)].map((part) => ({
      rows: Int32Array.from(part.flatMap(({ rows }) => [...rows])),
      labels: Int32Array.from(part.flatMap(({ labels: own }) => [...own])),
    }))
    for (const [similarity, expected, totals] of [
      ['cos', file.score_two_subtasks.cosine, file.total_influence_cosine],
      ['dot', file.score_two_subtasks.dot, file.total_influence_dot],
    ] as const) {
      const total = new Float64Array(trained * validated)
      const best = new Float64Array(trained * 2)
      for (const [i, checkpoint] of checkpoints.entries()) {
        const each = await checkpointInfluence(checkpoint, candidates, [labels], items, { ...options, similarity })
        const grouped = await checkpointInfluence(checkpoint, candidates, [labels], subtasks, { ...options, similarity })
        each[0].data.forEach((value, at) => (total[at] += file.checkpoint_weights[i] * value))
        grouped[0].data.forEach((value, at) => (best[at] += file.checkpoint_weights[i] * value))
      }
      expectClose(total, totals.flat())
      expectClose(
        expected.map((_, row) => Math.max(best[2 * row], best[2 * row + 1])),
        expected,
      )
    }
  })

  it('sums over checkpoints with their learning rates in the strategy itself', async () => {
    const own = less.params.parse({ layers: 'all', labelMode: 'true', checkpoints: 2 })
    const query = arrayQuery({
      pool: candidates,
      k: 3,
      classes,
      model: { ...checkpoints[1].model, checkpoints: () => checkpoints },
      validation: { rows: range(trained, trained + validated), labels: Int32Array.from(file.validation.y) },
      oracle: labels,
      random: randomFrom(0),
    })
    const [scores] = await lessScores(query, own, query.validation, [labels])
    // mean over the classes of the target of the mean over the rows of each
    const byClass = [0, 2].map((label) => file.validation.y.flatMap((y, j) => (y === label ? [j] : [])))
    const expected = file.total_influence_cosine.map(
      (row) => byClass.reduce((sum, of) => sum + of.reduce((a, j) => a + row[j], 0) / of.length, 0) / byClass.length,
    )
    expectClose(scores, expected)
    const { scores: chosen } = await less.select(query, own)
    expect(chosen).toEqual(scores)
  })

  it('gives the last layer in closed form what its explicit gradients give, with and without bias', async () => {
    for (const layers of ['last', 'last-weight'] as const) {
      const { model, moments } = checkpoints[0]
      const labelings = [labels, labels.map((label) => (label + 1) % classes), labels.map((label) => (label + 2) % classes)]
      for (const form of ['code', 'paper'] as const) {
        const several = await checkpointInfluence(checkpoints[0], candidates, labelings, items, { ...options, layers, form })
        const alone = await checkpointInfluence(checkpoints[0], candidates, [labels], items, { ...options, layers, form })
        expect(several[0]).toEqual(alone[0])
        const terms = adamTerms(form, 100)
        for (const [s, labeling] of labelings.entries()) {
          for (const row of candidates) {
            const gradient = await meanGradient(model, Int32Array.of(row), oneHot(labeling.subarray(row, row + 1), classes), layers)
            const gamma = unit(
              gradient.map((part, t) =>
                part.map((g, k) => adamDirection(form, terms, moments!.first[2 + t][k], moments!.second[2 + t][k], g)),
              ),
            )
            for (const [j, target] of items.entries()) {
              const towards = unit(await meanGradient(model, target.rows, oneHot(target.labels, classes), layers))
              const cosine = gamma.reduce((sum, part, t) => sum + part.reduce((own, value, k) => own + value * towards[t][k], 0), 0)
              expect(several[s].data[row * validated + j]).toBeCloseTo(cosine, 10)
            }
          }
        }
      }
    }
  })
})
