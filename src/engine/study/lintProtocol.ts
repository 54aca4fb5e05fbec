import { idlePhases } from '../strategies/schedule'
import { entryPath, isLine } from './entries'
import { oracleNames, type Variant } from './expand'
import { isSplitAnew, type DatasetCounts } from './feasible'
import { heldOutCount } from './partition'
import type { Finding, Study } from './spec'

/** Objections to how strategies, seeds and factors are set against each other; part of `lintStudy`. */
export function lintProtocol(study: Study, variants: readonly Variant[], facts: readonly DatasetCounts[]): Finding[] {
  return [
    ...seedSources(study, facts),
    ...unequalProtocols(study),
    ...weightStarts(variants),
    ...idleParts(study, variants),
    ...tunedOnTest(study),
    ...leaks(study),
    ...statisticsChoices(study),
    ...facts.flatMap((dataset) => dataObjections(study, dataset)),
  ]
}

const finding = (severity: Finding['severity'], code: string, path: string, message: string, fix: string): Finding => ({
  code,
  severity,
  path,
  message,
  fix,
})

function seedSources(study: Study, facts: readonly DatasetCounts[]): Finding[] {
  const { vary, dataStart, seeds } = study.protocol
  if (seeds < 2) return []
  const findings: Finding[] = []
  const resplit = facts.find((dataset) => isSplitAnew(study, dataset))
  if (resplit !== undefined) {
    const message = `every seed splits ${resplit.name} anew, and the splits share rows: seeds are not independent, plain intervals and tests are too sure (Nadeau and Bengio 2003)`
    const fix = 'keep one split (the claim is then about it), or use stats.test: paired-t with band: t95, which are corrected'
    findings.push(finding('note', 'resplit-seeds', 'protocol.vary', message, fix))
  }
  if (vary.length === 0) {
    const message = `${seeds} seeds that vary nothing: repeats differ in the strategies' own draws alone, and deterministic ones not at all`
    findings.push(finding('warning', 'nothing-varies', 'protocol.vary', message, 'vary initial, weights and order'))
  } else if (dataStart === 'seeded' && !vary.includes('initial') && !vary.includes('split')) {
    const message = 'all seeds start from one initial set: the claim is about that set, and rankings are known to change with it'
    findings.push(finding('note', 'one-initial-set', 'protocol.vary', message, 'add initial to protocol.vary'))
  }
  return findings
}

/** Phases of schedules that their runs are too short for. */
const idleParts = (study: Study, variants: readonly Variant[]): Finding[] =>
  variants.flatMap(({ plan: { strategy } }) => {
    if (strategy.id !== 'schedule') return []
    return idlePhases(strategy.params, strategy.rounds).map((phase) => {
      const message = `${strategy.name} has no round for its phase ${phase} in ${strategy.rounds} query rounds`
      return finding('warning', 'idle-phase', `${entryPath(study, strategy)}.phases`, message, 'start the phase earlier, or leave it out')
    })
  })

const budgetPaths = ['protocol.initial', 'protocol.query', 'protocol.rounds', 'protocol.validation', 'protocol.dataStart']

function unequalProtocols({ strategies: entries, protocol, ablate }: Study): Finding[] {
  const queried = entries.filter((entry) => !isLine(entry))
  const rounds = (entry: Study['strategies'][number]): number => entry.rounds ?? protocol.rounds
  const method = (entry: Study['strategies'][number]): string => JSON.stringify([entry.id, entry.params])
  // A longer copy of a method is its curve for the sample-saving ratio, not a rival.
  const rivals = queried.filter(
    (entry) => !queried.some((other) => other !== entry && method(other) === method(entry) && rounds(other) < rounds(entry)),
  )
  const counts = [...new Set(rivals.map(rounds))].sort((a, b) => a - b)
  const findings: Finding[] = []
  if (counts.length > 1) {
    const index = entries.findIndex((entry) => rivals.includes(entry) && rounds(entry) === counts[counts.length - 1])
    const message = `strategies run for ${counts.join(', ')} rounds: areas and tests use the budgets that all have, the rest is only drawn`
    findings.push(finding('note', 'unequal-rounds', `strategies[${index}]`, message, 'give rivals the same rounds'))
  }
  for (const path of budgetPaths.filter((name) => name in ablate)) {
    const message = `the levels of ${path} have different budgets: areas and main effects are over the labels that all levels cover`
    findings.push(finding('note', 'unequal-budgets', `ablate.${path}`, message, 'read the curves at equal numbers of labels'))
  }
  return findings
}

function weightStarts(variants: readonly Variant[]): Finding[] {
  const starts = new Set(variants.map(({ plan }) => plan.training.weightStart))
  const isCarried = starts.has('carry') || starts.has('shrink-perturb')
  if (!isCarried || !(starts.has('reinit-fresh') || starts.has('reinit-same'))) return []
  const message =
    'carried weights have had the steps of all rounds so far, fresh ones those of a single fit: what looks like the start may be the length of training'
  const fix = 'compare where both reach 99 % training accuracy, and report the steps'
  return [finding('note', 'carry-vs-fresh', 'ablate.training.weightStart', message, fix)]
}

function tunedOnTest({ ablate }: Study): Finding[] {
  const tuned = Object.keys(ablate).filter((path) => /^(training\.(?!weightStart|augment)|model\.)/.test(path))
  return tuned.map((path) =>
    finding(
      'note',
      'tuning-on-test',
      `ablate.${path}`,
      `picking the best level of ${path} from these results would tune it on the test rows`,
      'report every level, or choose the level on other data and fix it for all strategies',
    ),
  )
}

function leaks(study: Study): Finding[] {
  const { datasets, strategies: entries } = study
  const same = datasets.findIndex(
    (ref) => typeof ref !== 'string' && 'inputs' in ref && ref.testInputs !== undefined && ref.testInputs === ref.inputs,
  )
  return [
    ...(same < 0
      ? []
      : [
          finding(
            'warning',
            'test-is-train',
            datasets.length === 1 ? 'dataset.testInputs' : `dataset[${same}].testInputs`,
            'the test array is the training array: models are tested on rows they were trained on',
            'name a test array of its own, or leave it out and set data.test',
          ),
        ]),
    ...oracleNames(study).map((name) =>
      finding(
        'warning',
        'reads-labels',
        `strategies[${entries.findIndex((entry) => entry.name === name)}]`,
        `${name} reads labels of the pool that nobody has bought: it is a bound, not a rival`,
        'keep it out of claims, or give it a target without true labels',
      ),
    ),
  ]
}

function statisticsChoices({ stats, protocol, strategies: entries }: Study): Finding[] {
  const rivals = entries.filter((entry) => !isLine(entry)).length
  const findings: Finding[] = []
  if (stats.family === 'all-pairs' && rivals > 2) {
    const message = `all ${(rivals * (rivals - 1)) / 2} pairs are compared: an exploration, and reported as such`
    findings.push(finding('note', 'exploratory-pairs', 'stats.family', message, 'use vs-baseline for the claim of a paper'))
  }
  if (stats.correction === 'none' && rivals > 2) {
    const message = `${rivals} strategies are compared without correction: the more there are, the likelier one looks significant by chance`
    findings.push(finding('warning', 'no-correction', 'stats.correction', message, 'use holm'))
  }
  if (stats.band === 'bootstrap' && protocol.seeds < 10) {
    const message = `a bootstrap of ${protocol.seeds} seeds gives bands that are too narrow`
    findings.push(finding('note', 'bootstrap-few-seeds', 'stats.band', message, 'use t95 below 10 seeds'))
  }
  return findings
}

function dataObjections({ data, metrics }: Study, { name, rows, testRows, classCounts }: DatasetCounts): Finding[] {
  const findings: Finding[] = []
  const held = data.split === null ? heldOutCount(data.test, rows, testRows > 0) || testRows : null
  if (held !== null && held > 0 && held < 100) {
    const message = `${name} is tested on ${held} rows: one row is ${(100 / held).toFixed(1)} points of accuracy`
    findings.push(finding('note', 'small-test', 'data.test', message, 'hold out more rows, or test on a larger data set'))
  }
  const present = (classCounts ?? []).filter((count) => count > 0)
  const ratio = present.length > 0 ? Math.max(...present) / Math.min(...present) : 1
  if (ratio > 3 && !metrics.includes('macro_f1')) {
    const message = `the largest class of ${name} has ${ratio.toFixed(1)} times the rows of the smallest: accuracy hides the small ones`
    findings.push(finding('note', 'imbalanced', 'metrics', message, 'add macro_f1 to metrics'))
  }
  return findings
}
