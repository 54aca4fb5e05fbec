import { compatible } from '../analysis/resultSet'
import { isLine } from './entries'
import { variantsOf, type Variant } from './expand'
import { initialLabels, poolSize, type DatasetCounts } from './feasible'
import { lintProtocol } from './lintProtocol'
import { lintProxies } from './lintProxy'
import type { Finding, Study } from './spec'

/** What a reviewer would object to: things that work but weaken or spoil the comparison. `facts` has one entry per data set. */
export function lintStudy(study: Study, facts: readonly DatasetCounts[]): Finding[] {
  const variants = variantsOf(study)
  const queried = variants.filter(({ plan }) => !isLine(plan.strategy))
  return [
    ...seedFindings(study, queried),
    ...baselineFindings(study),
    ...trainingFindings(study, queried),
    ...facts.flatMap((dataset) => [...splitFindings(study, dataset), ...budgetFindings(queried, dataset)]),
    ...lintProtocol(study, queried, facts),
    ...lintProxies(study, queried, facts),
  ]
}

const warning = (code: string, path: string, message: string, fix: string): Finding => ({ code, severity: 'warning', path, message, fix })

/** Pairs below which no p-value is shown. */
export const fewestSeeds = 6

function seedFindings(study: Study, variants: readonly Variant[]): Finding[] {
  const { stats, protocol } = study
  const n = protocol.seeds
  if (stats.test === 'paired-t') return n < fewestSeeds ? [fewSeeds(n)] : []
  // 2^(1 − n) is the smallest two-sided p that n sign flips (or signed ranks) can reach.
  const smallest = 2 ** (1 - n)
  if (n < fewestSeeds) return [fewSeeds(n)]
  const family = familySize(study, variants)
  if (stats.correction !== 'holm' || family * smallest <= 0.05) return []
  const enough = Math.ceil(1 + Math.log2(family / 0.05))
  return [
    warning(
      'family-too-large',
      'protocol.seeds',
      `with ${n} seeds and ${family} comparisons the smallest adjusted p is ${format(family * smallest)}: nothing can be significant at 0.05`,
      `use at least ${enough} seeds${stats.family === 'all-pairs' ? ', or stats.family: vs-baseline' : ''}`,
    ),
  ]
}

/** Comparisons that Holm corrects over: the most that meet the baseline in one of its cells, or every pair of a data set. */
function familySize({ stats }: Study, variants: readonly Variant[]): number {
  const isComparable = (a: Variant, b: Variant): boolean =>
    a.plan.strategy.name !== b.plan.strategy.name && compatible(a.factors, b.factors)
  const isBaseline = ({ plan }: Variant): boolean => plan.strategy.name === stats.baseline
  const method = ({ plan: { strategy } }: Variant): string => JSON.stringify([strategy.id, strategy.params])
  const own = variants.filter(isBaseline)
  // The baseline run further is its curve for the sample-saving ratio, not a rival.
  const isCopy = (variant: Variant): boolean =>
    !isBaseline(variant) &&
    own.some((base) => method(base) === method(variant) && base.plan.strategy.rounds !== variant.plan.strategy.rounds)
  const rivals = variants.filter((variant) => !isCopy(variant))
  if (stats.family === 'all-pairs')
    return rivals.reduce((sum, a, i) => sum + rivals.slice(i + 1).filter((b) => isComparable(a, b)).length, 0)
  return Math.max(0, ...own.map((base) => rivals.filter((other) => isComparable(base, other)).length))
}

const fewSeeds = (n: number): Finding =>
  warning(
    'few-seeds',
    'protocol.seeds',
    `${n} ${n === 1 ? 'seed' : 'seeds'}: the smallest two-sided p of paired sign flips is ${format(Math.min(1, 2 ** (1 - n)))}, so no p-value is shown`,
    `use at least ${fewestSeeds} seeds, 10 for a claim`,
  )

const format = (value: number): string => String(Number(value.toPrecision(2)))

function baselineFindings({ strategies }: Study): Finding[] {
  if (strategies.some(({ id }) => id === 'random')) return []
  return [
    {
      code: 'no-random',
      severity: 'note',
      path: 'strategies',
      message: 'random is not among the strategies: gains over chance cannot be told',
      fix: 'add random',
    },
  ]
}

function trainingFindings(study: Study, variants: readonly Variant[]): Finding[] {
  const starts = new Set(variants.map(({ plan }) => plan.training.weightStart))
  const isMixed = (starts.has('carry') || starts.has('shrink-perturb')) && (starts.has('reinit-fresh') || starts.has('reinit-same'))
  const fewest = variants.reduce<{ steps: number; labels: number } | null>((least, { plan }) => {
    const labels = plan.protocol.dataStart === 'empty' ? plan.protocol.query : plan.protocol.initial
    const steps = fitLength(plan.training, labels).steps
    return least === null || steps < least.steps ? { steps, labels } : least
  }, null)
  if (fewest === null || fewest.steps >= 500) return []
  const path = 'training.minSteps' in study.ablate ? 'ablate.training.minSteps' : 'training.minSteps'
  const fix = 'set training.minSteps to 1000 or so; below 99 % training accuracy a fit is not finished'
  if (isMixed) {
    const message = `carried and fresh weights are compared, but a fit on ${fewest.labels} labels lasts ${fewest.steps} steps: carried weights have been trained longer, so step counts are compared, not starts`
    return [warning('unequal-steps', path, message, fix)]
  }
  return [
    warning(
      'short-training',
      path,
      `a fit on ${fewest.labels} labels lasts only ${fewest.steps} optimiser steps: early rounds may be undertrained`,
      fix,
    ),
  ]
}

/** Epochs and optimiser steps of a fit on n rows. */
export function fitLength(
  { batchSize, epochs, minSteps }: Pick<Study['training'], 'batchSize' | 'epochs' | 'minSteps'>,
  n: number,
): { readonly epochs: number; readonly steps: number } {
  const perEpoch = Math.ceil(n / Math.min(batchSize, n))
  const needed = Math.max(epochs, Math.ceil(minSteps / perEpoch))
  return { epochs: needed, steps: needed * perEpoch }
}

function splitFindings({ data }: Study, { name, rows, testRows }: DatasetCounts): Finding[] {
  if (data.test !== 'provided' || data.split !== null || testRows > 0) return []
  return [
    warning(
      'no-test-array',
      'data.test',
      `${name} has no test array: a fifth of its ${rows} rows will be held out`,
      'say how much, e.g. data.test: 0.2',
    ),
  ]
}

function budgetFindings(variants: readonly Variant[], facts: DatasetCounts): Finding[] {
  const found = new Map<string, Finding>()
  for (const { plan } of variants) {
    const { protocol, strategy } = plan
    const pool = poolSize(plan, facts) ?? facts.rows
    const start = initialLabels(protocol)
    if (protocol.validation > Math.max(start, protocol.query)) {
      const message = `${protocol.validation} validation labels are more than the ${Math.max(start, protocol.query)} the first fit trains on`
      found.set('validation', warning('large-validation', 'protocol.validation', message, 'label fewer validation rows, or train on them'))
    }
    const left = Array.from({ length: strategy.rounds }, (_, round) => pool - start - round * protocol.query)
    const round = left.findIndex((remaining) => remaining > 0 && protocol.query > 0.2 * remaining)
    if (round >= 0 && !found.has('batch')) {
      const message = `a batch of ${protocol.query} is ${Math.round((100 * protocol.query) / left[round])} % of the ${left[round]} rows left in ${facts.name} at round ${round}: strategies are forced to agree`
      found.set('batch', warning('large-batch', 'protocol.query', message, 'query fewer rows, or stop earlier'))
    }
    const missing =
      protocol.dataStart === 'seeded' && protocol.initialSampling === 'random'
        ? chanceOfMissing(facts.classCounts ?? new Array<number>(facts.classes).fill(1), protocol.initial)
        : 0
    if (missing > 0.05 && !found.has('class')) {
      const message = `${protocol.initial} random rows of ${facts.name} miss a class with a chance of about ${Math.round(100 * missing)} %`
      found.set(
        'class',
        warning('class-missing', 'protocol.initial', message, 'start with more rows, or protocol.initialSampling: stratified'),
      )
    }
  }
  return [...found.values()]
}

/** Chance that n rows drawn at random lack a class, by the product of the classes' own chances (drawn with replacement). */
export function chanceOfMissing(counts: readonly number[], n: number): number {
  const total = counts.reduce((a, b) => a + b, 0)
  return 1 - counts.filter((count) => count > 0).reduce((product, count) => product * (1 - (1 - count / total) ** n), 1)
}
