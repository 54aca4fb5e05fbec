import { expect, it } from 'vitest'
import { selectionSpace } from '@engine/core/distances'
import { kCenterGreedy } from '@engine/core/kCenter'
import { coreSet } from '@engine/strategies/coreSet'
import { arrayQuery, arrayView, matrixOf, range, toFloat32 } from '../support/query'
import { readReference, relativeError } from '../support/reference'

interface CoreSet {
  readonly n: number
  readonly features: number[][]
  readonly labelled: number[]
  readonly sequence: number[]
  readonly radius: number[]
  readonly sequence_no_labels: number[]
}

const reference = readReference<CoreSet>('core-set')
const embeddings = matrixOf(reference.features)
const query = (k: number, features = embeddings as Parameters<typeof toFloat32>[0]) =>
  arrayQuery({
    pool: range(0, reference.n).filter((row) => !reference.labelled.includes(row)),
    labeled: Int32Array.from(reference.labelled),
    k,
    model: arrayView({ embeddings: features }),
  })

it('core-set picks what four public implementations pick, at their radii', async () => {
  const asked = query(reference.sequence.length)
  const { rows, scores } = await coreSet.select(asked, { space: 'embedding', start: 'medoid' })
  expect([...rows]).toEqual(reference.sequence)
  rows.forEach((row, t) => expect(relativeError(scores?.[asked.pool.indexOf(row)] ?? NaN, reference.radius[t])).toBeLessThan(1e-6))
})

it('core-set keeps that order in float32', async () => {
  const { rows } = await coreSet.select(query(reference.sequence.length, toFloat32(embeddings)), { space: 'embedding', start: 'medoid' })
  expect([...rows]).toEqual(reference.sequence)
})

it('greedy k-centre from row 0 without labels', () => {
  const { picks } = kCenterGreedy(selectionSpace(embeddings), [], reference.sequence_no_labels.length, 0)
  expect([...picks]).toEqual(reference.sequence_no_labels)
})
