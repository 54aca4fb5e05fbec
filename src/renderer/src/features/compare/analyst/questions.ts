import { atBudget, type BudgetRow } from '@engine/analysis/budget'
import { budgetTests, pairedDifference, type BudgetTest } from '@engine/analysis/curves'
import { resultFindings } from '@engine/analysis/findings'
import type { ResultSet } from '@engine/study/results'
import type { Finding } from '@engine/study/spec'
import type { FigureChoices } from '@figures/figure'
import { figures, type FigureId } from '@figures/registry'
import { remembered } from '@figures/remembered'
import { compare, curveKey, resultsFor, testsOf, type Comparison, type ComparisonTests, type ComparisonView } from '../comparison'

/** What the page asks of the results, and what it gets. */
export interface Questions {
  comparison: { ask: { readonly view: ComparisonView }; answer: Comparison }
  tests: { ask: { readonly view: ComparisonView }; answer: ComparisonTests }
  budget: { ask: { readonly view: ComparisonView; readonly labels: number }; answer: readonly BudgetRow[] }
  /** exploratory tests of one difference curve at its budgets */
  strip: { ask: { readonly view: ComparisonView; readonly key: string }; answer: readonly BudgetTest[] }
  findings: { ask: { readonly view: ComparisonView }; answer: readonly Finding[] }
  /** `data` is for `adopt` of the figure; `reason` says why there is none */
  figure: {
    ask: { readonly figure: FigureId; readonly choices: FigureChoices }
    answer: { readonly reason: string | null; readonly data: unknown }
  }
}
export type Kind = keyof Questions
export type Question<K extends Kind = Kind> = { [P in K]: { readonly kind: P } & Questions[P]['ask'] }[K]
export type Answer<K extends Kind = Kind> = Questions[K]['answer']

const resultsOf = remembered((results, view: ComparisonView) => resultsFor(results, view))
const differencesOf = remembered((results, view: ComparisonView) => pairedDifference(resultsOf(results, view), { facet: view.facet }))

const answers: { readonly [K in Kind]: (results: ResultSet, ask: Questions[K]['ask']) => Questions[K]['answer'] } = {
  comparison: (results, { view }) => compare(results, view),
  tests: (results, { view }) => testsOf(results, view),
  budget: (results, { view, labels }) => {
    const own = resultsOf(results, view)
    // its p-values are not shown: of the tests, the quickest
    return atBudget({ ...own, stats: { ...own.stats, test: 'paired-t' } }, labels, { facet: view.facet })
  },
  strip: (results, { view, key }) => {
    const curve = differencesOf(results, view).find((one) => curveKey(one) === key)
    return curve ? budgetTests(resultsOf(results, view), curve) : []
  },
  findings: (results, { view }) => resultFindings(resultsOf(results, view)),
  figure: (results, { figure, choices }) => {
    const reason = figures[figure].needs(results, choices)
    return { reason, data: reason === null ? figures[figure].compute(results, choices) : null }
  },
}

/** A question on its way, whatever it asks. */
export interface AnyQuestion {
  readonly kind: Kind
}

const answerers: Readonly<Record<Kind, unknown>> = answers

/** Answers one question about the results. */
export function answerTo(results: ResultSet, question: AnyQuestion): Answer {
  const answer = answerers[question.kind] as (of: ResultSet, ask: AnyQuestion) => Answer
  return answer(results, question)
}
