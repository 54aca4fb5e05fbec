import { describe, expect, it } from 'vitest'
import { typicalities, typiclust } from '@engine/strategies/typiclust'
import { arrayQuery, arrayView, matrixOf, range } from '../support/query'
import { readReference, relativeError } from '../support/reference'

interface TypiClust {
  readonly n: number
  readonly features: number[][]
  readonly clusters: number[]
  readonly labelled: number[]
  readonly budget: number
  readonly per_cluster: Record<string, { indices: number[]; typicality: number[]; skactiveml_typicality: number[] }>
  readonly selection: number[]
}

const reference = readReference<TypiClust>('typiclust')
const features = matrixOf(reference.features)

describe('TypiClust for a given clustering', () => {
  it.each([
    ['squared distances, as in the authors’ code', true, 'typicality', 1e-3],
    ['distances, as in scikit-activeml', false, 'skactiveml_typicality', 1e-4],
  ] as const)('typicality from %s', (_, squared, key, tolerance) => {
    const scores = typicalities(features, reference.clusters, { neighbours: 20, squared })
    for (const cluster of Object.values(reference.per_cluster))
      cluster.indices.forEach((row, i) => expect(relativeError(scores[row], cluster[key][i])).toBeLessThan(tolerance))
  })

  it('selects what the authors’ code selects', async () => {
    const query = arrayQuery({
      pool: range(0, reference.n).filter((row) => !reference.labelled.includes(row)),
      labeled: Int32Array.from(reference.labelled),
      k: reference.budget,
      model: arrayView({}),
      inputs: features,
      clusters: Int32Array.from(reference.clusters),
    })
    const { rows } = await typiclust.select(query, typiclust.params.parse({ squared: true, normalize: 'none' }))
    expect([...rows]).toEqual(reference.selection)
  })
})
