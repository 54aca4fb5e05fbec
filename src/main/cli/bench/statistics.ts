import {
  pairwise,
  resultFindings,
  resultSetFrom,
  statisticsSentence,
  summarize,
  curves,
  mainEffects,
  rankComparison,
} from '@engine/analysis'
import type { RunInput } from '@engine/analysis'
import { randomFrom, type Random } from '@engine/core/random'
import type { RoundRecord } from '@engine/study/events'
import { statsSection } from '@engine/study/fields'
import type { ResultSet } from '@engine/study/results'
import { benchResult, type BenchResult } from './result'

/** Time to analyse a large study, and how often the default procedure finds something where there is nothing. */
export function statisticsBench(runs: number): Promise<BenchResult[]> {
  const sizes = [3, 8, 20].flatMap((strategies) => [6, 10, 20].map((seeds) => ({ strategies, seeds })))
  return Promise.resolve([analysisBench(runs), ...sizes.map(({ strategies, seeds }) => nullStudies(strategies, seeds))])
}

function analysisBench(runs: number): BenchResult {
  const results = randomStudy(randomFrom('bench-analysis'), 30, 20, 50)
  const times = Array.from({ length: runs }, () => {
    const start = performance.now()
    curves(results)
    summarize(results)
    pairwise(results)
    mainEffects(results)
    rankComparison(results)
    statisticsSentence(results)
    resultFindings(results)
    return performance.now() - start
  })
  return benchResult('analysis-30x20x50', '30 strategies × 20 seeds × 50 rounds: curves, summary, pairs, effects, findings', times)
}

const studies = 2000

/**
 * Family-wise false positives: studies in which no strategy differs from the baseline, analysed by the defaults (AUBC, exact sign flips,
 * Holm against the baseline); the share with any adjusted p < 0.05. `limit` is 5 % and three standard errors of this many studies.
 */
function nullStudies(strategies: number, seeds: number): BenchResult {
  const random = randomFrom('bench-null').fork(strategies, seeds)
  let positives = 0
  const times: number[] = []
  for (let study = 0; study < studies; study++) {
    const results = randomStudy(random, strategies, seeds, 2)
    const start = performance.now()
    if (pairwise(results).some(({ pAdjusted }) => pAdjusted !== null && pAdjusted < 0.05)) positives++
    times.push(performance.now() - start)
  }
  const limit = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / studies)
  return benchResult(`null-studies-${strategies}x${seeds}`, `${studies} null studies of ${strategies} strategies × ${seeds} seeds`, times, {
    familyWise: positives / studies,
    limit,
  })
}

/** Rising curves with a share of luck per seed that all strategies have, and one of their own; no strategy is better than another. */
function randomStudy(random: Random, strategies: number, seeds: number, rounds: number): ResultSet {
  const names = Array.from({ length: strategies }, (_, i) => (i === 0 ? 'random' : `strategy-${i}`))
  const luck = Array.from({ length: seeds }, () => 0.02 * random.normal())
  const runs = names.flatMap((strategy) =>
    luck.map((shared, seed): RunInput => {
      const own = 0.02 * random.normal()
      const records = Array.from({ length: rounds + 1 }, (_, round) =>
        recordOf(round, 0.9 - 0.4 * Math.exp(-round / 10) + shared + own + 0.005 * random.normal()),
      )
      return {
        hash: `${strategy}-${seed}`,
        dataset: 'null',
        strategy,
        seed,
        factors: {},
        state: { status: 'finished', records, initial: [] },
      }
    }),
  )
  const stats = { ...statsSection.parse({}), baseline: 'random', metric: 'accuracy' as const }
  return resultSetFrom({ study: 'null', strategies: names, lines: [], factors: [], classes: 2, stats, runs })
}

const recordOf = (round: number, accuracy: number): RoundRecord => ({
  round,
  labeled: 100 * (round + 1),
  metrics: { accuracy },
  trainLoss: 0,
  trainAccuracy: 1,
  steps: 1000,
  epochs: 1,
  lossCurve: [],
  selection: [],
  diversity: null,
  diversityCumulative: null,
  classEntropy: null,
  mode: null,
  overlap: [],
  diagnostics: {},
  timings: { trainMs: 1, forwardMs: 1, scoreMs: 1, chooseMs: 1, updateMs: 0, evalMs: 1 },
})
