import type { ResultSet } from '../study/results'
import type { Finding, MetricId } from '../study/spec'
import { finding, listed, nameOf } from './findingWords'
import { finishedGroups, rivalsOf, sharedRanges, type FinishedGroup } from './finished'
import { minimumPairsForP } from './pairedTests'
import { pairwise, type PairwiseRow } from './pairwise'
import { proxyFindings } from './proxyFindings'
import { wasEvaluated } from './resultSet'

/** Training accuracy below which a fit counts as unfinished. */
const finishedFit = 0.99

/**
 * What a reader of the results should know before believing them; `path` names the strategy (with its cell), or is empty for the whole.
 * One entry per kind and data set, with the strategies it is about.
 */
export function resultFindings(results: ResultSet, metric: MetricId = results.stats.metric): Finding[] {
  const groups = finishedGroups(results, metric).filter((group) => !group.line)
  const datasets = [...new Set(groups.map(({ dataset }) => dataset))]
  return [
    ...unfinishedFindings(results),
    ...baselineFindings(results, groups),
    ...datasets.flatMap((dataset) => {
      const own = groups.filter((group) => group.dataset === dataset)
      return [
        ...copyFindings(results, own),
        ...budgetFindings(dataset, own),
        ...seedFindings(dataset, own),
        ...familyFindings(results, dataset, metric),
        ...valueFindings(own, metric),
        ...fitFindings(dataset, own),
        ...proxyFindings(results, dataset, own, metric),
      ]
    }),
  ]
}

function unfinishedFindings({ runs }: ResultSet): Finding[] {
  const missing = runs.filter((run) => !run.complete)
  if (missing.length === 0) return []
  const names = listed([...new Set(missing.map(({ strategy }) => strategy))])
  const message = `${missing.length} of ${runs.length} runs (${names}) are not finished: they are in the curves, but in no area, test or table`
  return [finding('note', 'unfinished-runs', '', message, 'run the study to its end')]
}

function baselineFindings({ stats }: ResultSet, groups: readonly FinishedGroup[]): Finding[] {
  if (groups.length === 0 || groups.some(({ strategy }) => strategy === stats.baseline)) return []
  return [finding('warning', 'no-baseline', stats.baseline, `the baseline ${stats.baseline} has no finished run`, 'name another baseline')]
}

function budgetFindings(dataset: string, groups: readonly FinishedGroup[]): Finding[] {
  const range = sharedRanges(groups).get(dataset) ?? null
  if (range === null) {
    const message = `the runs on ${dataset} share no range of budgets, so no area can be compared`
    return [finding('warning', 'no-shared-budget', '', message, 'compare runs with overlapping budgets')]
  }
  const longer = groups.filter(({ curves }) => curves.some(({ labels }) => labels[0] < range.from || labels[labels.length - 1] > range.to))
  if (longer.length === 0) return []
  const message = `budgets on ${dataset} differ: areas and tests are over the ${range.from}–${range.to} labels that all runs have; ${listed(longer.map(nameOf))} went beyond`
  return [finding('note', 'unequal-budgets', '', message)]
}

function copyFindings({ stats }: ResultSet, groups: readonly FinishedGroup[]): Finding[] {
  const rivals = new Set(rivalsOf(groups, stats.baseline))
  const names = [...new Set(groups.filter((group) => !rivals.has(group)).map(({ strategy }) => strategy))]
  return names.map((name) => {
    const message = `${name} is the baseline ${stats.baseline} run for another number of rounds: a curve for the sample-saving ratio, in no test, rank or effect`
    return finding('note', 'baseline-curve', name, message)
  })
}

/** 2^(1 − n) is the smallest two-sided p of n sign flips or signed ranks; Holm's first step multiplies it by the family. */
function familyFindings(results: ResultSet, dataset: string, metric: MetricId): Finding[] {
  const { stats } = results
  if (stats.test === 'paired-t' || stats.correction !== 'holm') return []
  // only which pairs are tested counts here: of the tests, the quickest
  const tested = pairwise({ ...results, stats: { ...stats, test: 'paired-t' } }, { metric }).filter(
    (row) => row.dataset === dataset && row.p !== null && row.seeds >= minimumPairsForP,
  )
  const smallest = ({ familySize, seeds }: PairwiseRow): number => familySize * 2 ** (1 - seeds)
  if (tested.length === 0 || tested.some((row) => smallest(row) <= 0.05)) return []
  const { seeds, familySize } = tested.reduce((a, b) => (smallest(b) < smallest(a) ? b : a))
  const least = Number(Math.min(1, familySize * 2 ** (1 - seeds)).toPrecision(2))
  const message = `${seeds} seeds and ${familySize} comparisons on ${dataset}: the smallest adjusted p is ${least}, so nothing can be significant at 0.05`
  return [finding('warning', 'family-too-large', 'stats', message, `run at least ${Math.ceil(1 + Math.log2(familySize / 0.05))} seeds`)]
}

function seedFindings(dataset: string, groups: readonly FinishedGroup[]): Finding[] {
  const all = [...new Set(groups.flatMap(({ runs }) => runs.map(({ seed }) => seed)))]
  const lacking = groups.filter(({ runs }) => runs.length < all.length)
  const fewest = groups.reduce((least, { runs }) => Math.min(least, runs.length), Infinity)
  const findings: Finding[] = []
  if (lacking.length > 0) {
    const each = lacking.map((group) => `${nameOf(group)} (${group.runs.length} of ${all.length})`)
    const message = `not every strategy has every seed on ${dataset}: ${listed(each)}; each pair is tested on the seeds that both have`
    findings.push(finding('note', 'missing-seeds', '', message, 'run the missing seeds'))
  }
  if (fewest < minimumPairsForP) {
    const message =
      fewest === 1
        ? `a single seed on ${dataset}: curves have no band and differences no test`
        : `${fewest} seeds on ${dataset}: no p-value is shown below ${minimumPairsForP}`
    findings.push(finding('warning', 'few-seeds', '', message, `run at least ${minimumPairsForP} seeds, 10 for a claim`))
  }
  return findings
}

function valueFindings(groups: readonly FinishedGroup[], metric: MetricId): Finding[] {
  return groups.flatMap((group) => {
    const missing = group.curves.flatMap(({ seed, labels, values }) =>
      values.flatMap((value, i) => (value === null ? [`seed ${seed} at ${labels[i]} labels`] : [])),
    )
    if (missing.length === 0) return []
    const message = `${nameOf(group)} has no ${metric} for ${listed(missing)}: a seed with a gap in the shared budgets has no area and is in no test`
    return [finding('warning', 'missing-values', group.strategy, message, 'look why the value is missing')]
  })
}

function fitFindings(dataset: string, groups: readonly FinishedGroup[]): Finding[] {
  const findings: Finding[] = []
  const weak = groups.flatMap((group) => {
    const fits = group.runs.flatMap(({ records }) => records.flatMap(({ labeled, trainAccuracy }) => (labeled > 0 ? [trainAccuracy] : [])))
    const known = fits.filter((accuracy) => accuracy !== null && Number.isFinite(accuracy))
    const below = known.filter((accuracy) => accuracy! < finishedFit).length
    return below > 0 ? [`${nameOf(group)} ${below} of ${known.length} fits`] : []
  })
  if (weak.length > 0) {
    const message = `fits on ${dataset} end below 99 % training accuracy: ${listed(weak)}; what looks like a better query may be a longer training`
    findings.push(finding('warning', 'undertrained', 'training.minSteps', message, 'raise training.minSteps or epochs'))
  }
  const steps = new Map<number, Map<number, string>>()
  for (const group of groups)
    for (const { records } of group.runs)
      for (const record of records) {
        if (!Number.isFinite(record.steps) || record.labeled === 0 || !wasEvaluated(record)) continue
        const at = steps.get(record.labeled) ?? new Map<number, string>()
        if (!at.has(record.steps)) at.set(record.steps, nameOf(group))
        steps.set(record.labeled, at)
      }
  const unequal = [...steps].find(([, counts]) => counts.size > 1)
  if (unequal !== undefined) {
    const [labels, counts] = unequal
    const each = [...counts].map(([count, name]) => `${name} ${count}`)
    const message = `fits of unequal length on ${dataset}: at ${labels} labels ${listed(each)} optimiser steps; the comparison is of training lengths too`
    findings.push(finding('warning', 'unequal-steps', 'training.minSteps', message, 'give every run the same epochs and minSteps'))
  }
  return findings
}
