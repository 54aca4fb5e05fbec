import { mean } from './intervals'
import { holm, pairedT, pairedTStatistic } from './pairedTests'
import type { RunCurve } from './resultSet'

/** One vote of the matrix: data set, model and query size under which every strategy was run. */
export interface PenaltySetting {
  readonly name: string
  /** labels bought per round */
  readonly query: number
  /** runs of each strategy, in seed order */
  readonly curves: ReadonlyMap<string, readonly RunCurve[]>
}

export interface PenaltyOptions {
  /** strategy whose mean curve ends the checkpoints */
  readonly baseline: string
  readonly higherIsBetter?: boolean
}

/**
 * Checkpoints of a setting: n₀, n₀ + q, n₀ + 2q, n₀ + 4q … up to, not including, the first at which the baseline's mean exceeds 99 % of its
 * final one, n₀ its first budget (BADGE, Ash et al. 2020; A§16). Budgets at which it was not evaluated are none. Empty without the baseline.
 */
export function penaltyCheckpoints({ query, curves }: PenaltySetting, { baseline, higherIsBetter = true }: PenaltyOptions): number[] {
  const runs = curves.get(baseline) ?? []
  const budgets = budgetsOfRuns(runs)
  if (budgets.length === 0 || !(query > 0)) return []
  const meanAt = (labels: number): number | null => {
    const values = runs.map((run) => valueAt(run, labels)).filter((value) => value !== null)
    return values.length > 0 ? mean(values) : null
  }
  const final = meanAt(budgets[budgets.length - 1])
  if (final === null) return []
  const isOver = (value: number | null): boolean => value !== null && (higherIsBetter ? value > 0.99 * final : 0.99 * value < final)
  const checkpoints: number[] = []
  for (let step = 0; ; step = step === 0 ? query : 2 * step) {
    const labels = budgets[0] + step
    const level = meanAt(labels)
    if (labels > budgets[budgets.length - 1] || isOver(level)) return checkpoints
    if (level !== null) checkpoints.push(labels)
  }
}

export interface PenaltyTest {
  readonly setting: string
  readonly a: string
  readonly b: string
  readonly labels: number
  /** paired runs */
  readonly seeds: number
  readonly meanDifference: number
  readonly t: number
  readonly p: number
  /** Holm over all pairs and checkpoints of the setting; null away from checkpoints */
  readonly pAdjusted: number | null
  readonly checkpoint: boolean
}

/** The paired t-tests of a setting at each of its budgets, over the first `seeds` runs that both strategies have there (BADGE: 5). */
export function penaltyTests(setting: PenaltySetting, options: PenaltyOptions & { readonly seeds?: number }): PenaltyTest[] {
  const checkpoints = new Set(penaltyCheckpoints(setting, options))
  const budgets = budgetsOfRuns([...setting.curves.values()].flat())
  const tests = pairsOf([...setting.curves.keys()]).flatMap(([a, b]) =>
    pairTests(setting.curves.get(a)!, setting.curves.get(b)!, budgets, options.seeds).map((test) => ({
      setting: setting.name,
      a,
      b,
      ...test,
      checkpoint: checkpoints.has(test.labels),
    })),
  )
  const adjusted = holm(tests.map(({ p, checkpoint }) => (checkpoint ? p : null)))
  return tests.map((test, i) => ({ ...test, pAdjusted: adjusted[i] }))
}

/** Tests of two strategies at the given budgets; none where fewer than two runs are paired. */
function pairTests(a: readonly RunCurve[], b: readonly RunCurve[], budgets: readonly number[], most = 5) {
  return budgets.flatMap((labels) => {
    const differences = pairedAt(a, b, labels, most)
    const p = pairedT(differences)
    return p === null ? [] : [{ labels, seeds: differences.length, meanDifference: mean(differences), t: pairedTStatistic(differences), p }]
  })
}

/** P(a, b) of one setting alone: the share of its checkpoints at which a beats b; null without a test. */
export function penaltyShare(setting: PenaltySetting, a: string, b: string, options: PenaltyOptions): number | null {
  const checkpoints = penaltyCheckpoints(setting, options)
  const tests = pairTests(setting.curves.get(a)!, setting.curves.get(b)!, checkpoints)
  const wins = tests.filter(({ meanDifference, p }) => isWin(meanDifference, p, options.higherIsBetter)).length
  return tests.length === 0 ? null : wins / checkpoints.length
}

/** Whether the first side of a difference is better with p < 0.05; equal non-zero differences count, zeros do not (A§16). */
const isWin = (difference: number, p: number | null, higherIsBetter = true): boolean =>
  p !== null && p < 0.05 && (higherIsBetter ? difference > 0 : difference < 0)

const pairsOf = (names: readonly string[]): (readonly [string, string])[] =>
  names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const))

export interface PenaltyMatrix {
  readonly strategies: readonly string[]
  /** row i, column j: how much i beats j; at most the number of settings */
  readonly matrix: readonly (readonly number[])[]
  /** how much j is beaten, the diagonal's 0 in the mean; lower is better */
  readonly columnMeans: readonly number[]
  readonly settings: readonly { readonly name: string; readonly checkpoints: readonly number[] }[]
}

/**
 * BADGE's pairwise penalty matrix (Ash et al. 2020; A§16): in each setting, for each ordered pair and checkpoint, a difference in favour of
 * i with p < 0.05 in the paired t-test of the first 5 runs adds 1 / checkpoints to P(i, j). `corrected` is the same over all runs with p
 * adjusted by Holm within the setting.
 */
export function penaltyMatrix(
  settings: readonly PenaltySetting[],
  options: PenaltyOptions & { readonly corrected?: boolean },
): PenaltyMatrix {
  const { corrected = false, higherIsBetter = true } = options
  const strategies = [...new Set(settings.flatMap(({ curves }) => [...curves.keys()]))]
  const place = new Map(strategies.map((name, i) => [name, i]))
  const matrix = strategies.map(() => strategies.map(() => 0))
  const checkpoints = settings.map((setting) => ({ name: setting.name, checkpoints: penaltyCheckpoints(setting, options) }))
  settings.forEach((setting, s) => {
    const share = 1 / checkpoints[s].checkpoints.length
    for (const test of penaltyTests(setting, { ...options, seeds: corrected ? Infinity : 5 })) {
      const p = corrected ? test.pAdjusted : test.p
      const [i, j] = [place.get(test.a)!, place.get(test.b)!]
      if (!test.checkpoint) continue
      if (isWin(test.meanDifference, p, higherIsBetter)) matrix[i][j] += share
      if (isWin(-test.meanDifference, p, higherIsBetter)) matrix[j][i] += share
    }
  })
  const columnMeans = strategies.map((_, j) => mean(matrix.map((row) => row[j])))
  return { strategies, matrix, columnMeans, settings: checkpoints }
}

function pairedAt(a: readonly RunCurve[], b: readonly RunCurve[], labels: number, most: number): number[] {
  const differences: number[] = []
  for (const run of a) {
    if (differences.length >= most) break
    const other = b.find(({ seed }) => seed === run.seed)
    const [first, second] = [valueAt(run, labels), other === undefined ? null : valueAt(other, labels)]
    if (first !== null && second !== null) differences.push(first - second)
  }
  return differences
}

const valueAt = ({ labels, values }: RunCurve, at: number): number | null => values[labels.indexOf(at)] ?? null

const budgetsOfRuns = (runs: readonly RunCurve[]): number[] => [...new Set(runs.flatMap(({ labels }) => labels))].sort((a, b) => a - b)
