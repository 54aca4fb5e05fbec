import { createReferenceExecutor } from '@backends/reference/executor'
import { identityScaling } from '@engine/data/gather'
import { modelFromArrays } from '@engine/nn/fromStateDict'
import { alignmentScores } from '@engine/strategies/alignment'
import { arrayView } from '@engine/strategies/arrayView'
import { hallucinated, meanGradient, oneHot, unit } from '@engine/strategies/lossGradients'
import { randomFrom } from '@engine/core/random'
import { describe, expect, it } from 'vitest'
import { matrixOf, range } from '../support/query'
import { readReference, relativeError } from '../support/reference'
import { tensorsOf, type NestedTensors } from '../support/nested'

interface File {
  readonly parameters: NestedTensors
  readonly pool: number[][]
  readonly pseudo_labels: number[]
  readonly validation: { readonly x: number[][]; readonly y: number[] }
  /** minus the inner products of unit gradients, pool × validation */
  readonly alignment: number[][]
  readonly score: number[]
  readonly order: number[]
}

const file = readReference<File>('gradient-alignment')
const classes = 3

async function viewOf(inputs: number[][]) {
  const x = matrixOf(inputs)
  const model = await modelFromArrays({ tensors: tensorsOf(file.parameters), inputShape: [x.cols] }, createReferenceExecutor())
  return arrayView({
    network: { model, rowsOf: (index) => ({ pool: { data: x.data, rows: x.rows, shape: [x.cols] }, scaling: identityScaling, index }) },
  })
}

const opposed = { labelMode: 'argmax', similarity: 'cos', sign: -1, layers: 'all', draws: 1 } as const

describe('gradient alignment as published, over all layers', async () => {
  const pool = await viewOf(file.pool)
  const validation = await viewOf(file.validation.x)
  const rows = range(0, file.pool.length)
  const item = async (j: number) =>
    unit(await meanGradient(validation, Int32Array.of(j), oneHot(Int32Array.of(file.validation.y[j]), classes), 'all'))

  it('hallucinates the same labels', async () => {
    expect([...hallucinated(await pool.probabilities(rows))]).toEqual(file.pseudo_labels)
  })

  it('gives minus the cosine with every validation gradient', async () => {
    for (let j = 0; j < file.validation.y.length; j++) {
      const scores = await alignmentScores(pool, rows, await item(j), opposed, randomFrom(0))
      scores.forEach((score, i) => expect(relativeError(score, file.alignment[i][j])).toBeLessThan(1e-8))
    }
  })

  it('ranks by their mean, the most opposed first', async () => {
    const items = await Promise.all(file.validation.y.map((_, j) => item(j)))
    const mean = items[0].map((tensor, t) => tensor.map((_, i) => items.reduce((sum, one) => sum + one[t][i], 0) / items.length))
    const scores = await alignmentScores(pool, rows, mean, opposed, randomFrom(0))
    scores.forEach((score, i) => expect(relativeError(score, file.score[i])).toBeLessThan(1e-8))
    const order = [...rows].sort((a, b) => scores[b] - scores[a] || a - b)
    expect(order).toEqual(file.order)
    const aligned = await alignmentScores(pool, rows, mean, { ...opposed, sign: 1 }, randomFrom(0))
    expect([...rows].sort((a, b) => aligned[b] - aligned[a] || b - a)).toEqual([...order].reverse())
  })
})
