import { describe, expect, it } from 'vitest'
import { strategyOf } from '@engine/strategies/registry'
import { scoreOf, type ScoreId } from '@engine/strategies/scores'
import { scoreSource } from '@engine/strategies/query'
import { arrayQuery, arrayView, matrixOf, range } from '../support/query'
import { readReference, relativeError } from '../support/reference'

type Scores = Readonly<Record<string, number[]>>
interface Uncertainty {
  readonly n: number
  readonly logits: number[][]
  readonly probabilities: number[][]
  readonly modal: Scores
  readonly skactiveml: Scores
  readonly badge_repo_selection: { readonly rows_left_out: number[]; readonly batch: number; readonly order: Scores }
  readonly given_probabilities: { readonly probabilities: number[][]; readonly modal: Scores; readonly skactiveml: Scores }
}

const reference = readReference<Uncertainty>('uncertainty')
const given = reference.given_probabilities
const negated = (values: number[]): number[] => values.map((value) => -value)
const less1 = (values: number[]): number[] => values.map((value) => value - 1)

const sources = [
  { name: 'logits', view: arrayView({ logits: matrixOf(reference.logits) }), ...reference },
  { name: 'probabilities', view: arrayView({ probabilities: matrixOf(given.probabilities) }), n: given.probabilities.length, ...given },
]

describe.each(sources)('scores from $name', ({ view, n, modal, skactiveml }) => {
  it.each<[ScoreId, string, number[]]>([
    ['entropy', 'modAL', modal.entropy],
    ['least-confidence', 'modAL', modal.least_confidence],
    ['margin', 'modAL', negated(modal.margin)],
    ['entropy', 'scikit-activeml', skactiveml.entropy],
    ['least-confidence', 'scikit-activeml', skactiveml.least_confident],
    ['margin', 'scikit-activeml', less1(skactiveml.margin_sampling)],
  ])('%s agrees with %s', async (id, _, expected) => {
    const scores = await scoreOf(id).score(scoreSource(view, range(0, n)), {})
    scores.forEach((score, i) => expect(relativeError(score, expected[i]), `row ${i}: ${score} and ${expected[i]}`).toBeLessThan(1e-9))
  })
})

it.each([
  ['entropy', 'entropy'],
  ['margin', 'margin'],
  ['least-confidence', 'least_confidence'],
])('%s queries in the order of the BADGE authors', async (id, key) => {
  const { rows_left_out, batch, order } = reference.badge_repo_selection
  const pool = range(0, reference.n).filter((row) => !rows_left_out.includes(row))
  const query = arrayQuery({ pool, k: batch, model: arrayView({ logits: matrixOf(reference.logits) }) })
  // Their sort leaves the order of equal scores open; ours puts the lower row first.
  const score = reference.modal[key]
  const stable = order[key].slice().sort((a, b) => (score[a] === score[b] ? a - b : order[key].indexOf(a) - order[key].indexOf(b)))
  expect([...(await strategyOf(id).select(query, {})).rows]).toEqual(stable)
})
