import { QuerentError } from '../core/errors'
import type { DatasetKind } from '../data/dataset'
import { strategies } from '../strategies/registry'
import { knownLayers, type Trunks } from './backbones'
import { entryPath, isLine } from './entries'
import { variantsOf } from './expand'
import { classProblems, pairingProblems } from './methodProblems'
import { heldOutCount } from './partition'
import { proxyModel } from './proxyNetwork'
import { proxyOf, proxyProblems } from './proxyProblems'
import { chooserOf, opener, type RunPlan } from './runHash'
import type { Finding, Study } from './spec'
import { unlabeledMessage } from './unlabeled'

/** What checks, linter and estimates need to know of a data set. */
export interface DatasetFacts {
  readonly name: string
  readonly kind: DatasetKind
  /** rows of the training array */
  readonly rows: number
  /** rows of the test array; 0 when there is none */
  readonly testRows: number
  readonly classes: number
  /** rows of each class in the training array; taken as equal when left out */
  readonly classCounts?: readonly number[]
  /** rows of the training array without a label, ascending; none when left out */
  readonly unlabeledRows?: ArrayLike<number>
  /** shape of one sample */
  readonly shape: readonly number[]
  /** size of the arrays in memory; taken from rows and shape when left out */
  readonly bytes?: number
}

/** Rows of the training array that a run may label; null when a split file decides. */
export function poolSize({ data, protocol }: Pick<RunPlan, 'data' | 'protocol'>, facts: DatasetCounts): number | null {
  return data.split === null ? facts.rows - heldOutCount(data.test, facts.rows, facts.testRows > 0) - protocol.validation : null
}

/** What counts and shares of a data set need of its facts; a manifest keeps these. */
export type DatasetCounts = Pick<DatasetFacts, 'name' | 'rows' | 'testRows' | 'classes' | 'classCounts'>

/** Whether repeats test on different rows of a data set. */
export const isSplitAnew = (
  { data, protocol }: Pick<Study, 'data' | 'protocol'>,
  { rows, testRows }: Pick<DatasetCounts, 'rows' | 'testRows'>,
): boolean => protocol.vary.includes('split') && data.split === null && heldOutCount(data.test, rows, testRows > 0) > 0

/** Labels a run has before its first query: those it trains on, without charged validation rows. */
export const initialLabels = ({ dataStart, initial }: Pick<Study['protocol'], 'dataStart' | 'initial'>): number =>
  dataStart === 'empty' ? 0 : initial

/** What cannot work with the study's data sets (one entry per data set, in order): impossible budgets, unfit models, missing needs. */
export function checkAgainstDataset(study: Study, facts: readonly DatasetFacts[], trunks: Trunks = {}): Finding[] {
  const findings = new Map<string, Finding>()
  const add = (finding: Finding): void => void findings.set(`${finding.path} ${finding.message}`, finding)
  for (const { plan } of variantsOf(study)) {
    for (const finding of needProblems(plan, study)) add(finding)
    for (const dataset of facts)
      for (const finding of [
        ...budgetProblems(plan, study, dataset),
        ...modelProblems(plan, dataset, trunks),
        ...classProblems(plan, study, dataset),
        ...pairingProblems(plan, dataset, initialLabels(plan.protocol)),
        ...proxyProblems(plan, study, dataset),
      ])
        add(finding)
  }
  for (const { name, classes, rows, unlabeledRows = [] } of facts) {
    if (unlabeledRows.length > 0 && study.data.split === null)
      add({
        ...error(
          'unlabelled-rows',
          'dataset',
          unlabeledMessage(name, unlabeledRows),
          `${unlabeledRows.length} of ${rows} rows without a label`,
          'labels for all rows, or a data.split file whose rows all have one',
        ),
        fix: 'to choose what to label next: querent label start, or Choose next batch on the Data page',
      })
    else if (classes < 2) add(error('too-few-classes', 'dataset', `${name} has ${classes} class`, String(classes), 'at least 2 classes'))
  }
  return [...findings.values()]
}

/** What keeps one strategy of a study from choosing rows that people label: missing needs, a model that does not fit. */
export const labellingProblems = (plan: RunPlan, study: Study, facts: DatasetFacts, trunks: Trunks = {}): Finding[] => [
  ...needProblems(plan, study),
  ...modelProblems(plan, facts, trunks),
  ...classProblems(plan, study, facts),
  ...(proxyOf(plan) === null
    ? []
    : [
        error(
          'no-proxy',
          entryPath(study, plan.strategy),
          `${plan.strategy.name} chooses by a proxy, and people label what the model itself asks for`,
          plan.strategy.id,
          'the base method of the proxy',
        ),
      ]),
]

const error = (code: string, path: string, message: string, found: string, expected: string): Finding => ({
  code,
  severity: 'error',
  path,
  message,
  found,
  expected,
})

function budgetProblems(plan: RunPlan, study: Study, facts: DatasetFacts): Finding[] {
  const { data, protocol, strategy } = plan
  const held = data.split === null ? heldOutCount(data.test, facts.rows, facts.testRows > 0) : 0
  if (held >= facts.rows)
    return [
      error(
        'impossible-split',
        'data.test',
        `${held} test rows of ${facts.rows} leave nothing to train on`,
        String(data.test),
        `fewer than ${facts.rows} rows`,
      ),
    ]
  if (held < 1 && data.split === null && (data.test !== 'provided' || facts.testRows === 0))
    return [
      error(
        'impossible-split',
        'data.test',
        `${String(data.test)} of the ${facts.rows} rows of ${facts.name} is no test row at all`,
        String(data.test),
        `at least ${1 / facts.rows}, or a number of rows`,
      ),
    ]
  const pool = poolSize(plan, facts) ?? facts.rows
  if (pool < 1)
    return [
      error(
        'impossible-budget',
        'protocol.validation',
        `${protocol.validation} validation rows are more than ${facts.name} has left for the pool`,
        String(protocol.validation),
        `at most ${facts.rows - held - 1}`,
      ),
    ]
  if (isLine(strategy)) return []
  const listed = protocol.dataStart === 'seeded' && protocol.initialSampling === 'file'
  const initial = listed ? 1 : initialLabels(protocol)
  const of = `the pool of ${facts.name} has ${pool} rows`
  if (initial > pool)
    return [error('impossible-budget', 'protocol.initial', `initial ${initial}, but ${of}`, String(initial), `at most ${pool}`)]
  const wanted = initial + strategy.rounds * protocol.query
  if (wanted <= pool) return []
  const own = study.strategies.findIndex((entry) => entry.name === strategy.name && entry.rounds !== undefined)
  const path = own < 0 ? 'protocol.rounds' : `strategies[${own}].rounds`
  const most = Math.max(0, Math.floor((pool - initial) / protocol.query))
  return [
    error(
      'impossible-budget',
      path,
      `${initial} initial labels + ${strategy.rounds} rounds × ${protocol.query} = ${wanted}, but ${of}`,
      String(strategy.rounds),
      `at most ${most} rounds`,
    ),
  ]
}

function modelProblems({ model, training }: RunPlan, facts: DatasetFacts, trunks: Trunks = {}): Finding[] {
  if (training.augment === 'flip-crop' && facts.shape.length !== 3) {
    return [
      error(
        'unfit-model',
        'training.augment',
        `flip-crop needs images; ${facts.name} has samples of shape ${facts.shape.join(' × ')}`,
        training.augment,
        'none',
      ),
    ]
  }
  try {
    knownLayers(model, facts, trunks)
    return []
  } catch (cause) {
    if (!(cause instanceof QuerentError)) throw cause
    return [
      error(
        'unfit-model',
        cause.details.path ?? 'model',
        `${facts.name}: ${cause.message}`,
        cause.details.found ?? model.type,
        cause.details.expected ?? 'another model',
      ),
    ]
  }
}

function needProblems({ data, protocol, strategy, shadow, ...own }: RunPlan, study: Study): Finding[] {
  const chooser = chooserOf(strategy)
  const proxy = strategies.get(strategy.id)?.proxy?.(strategy.params)
  // Methods ask the proxy, where there is one.
  const model = proxy ? proxyModel(proxy, own.model, 1) : own.model
  const training = { ...own.training, ...proxy?.training }
  const canSample = model.type !== 'linear' && model.dropout > 0
  const module = strategies.get(chooser.id)?.training?.(chooser.params).auxiliary
  const first = protocol.dataStart === 'empty' ? opener(protocol.firstBatch, strategy) : strategy
  const asked = [
    ...[strategy, ...shadow].map((entry) => ({ entry, path: entryPath(study, entry) })),
    ...(first === strategy ? [] : [{ entry: { ...first, name: first.id }, path: 'protocol.firstBatch' }]),
  ]
  return asked.flatMap(({ entry, path }) => {
    const lacks = (message: string, found: string, expected: string): Finding =>
      error('missing-need', path, `${entry.name} ${message}`, found, expected)
    const needs = strategies.get(entry.id)?.needs(entry.params) ?? []
    const findings: Finding[] = []
    if (needs.includes('sampledProba') && !canSample)
      findings.push(
        proxy
          ? lacks(
              'needs stochastic forward passes, and its proxy has no dropout',
              'dropout 0',
              'another base, or svp with a proxy that has dropout',
            )
          : lacks('needs stochastic forward passes, and the model has no dropout', 'dropout 0', 'model.dropout above 0'),
      )
    const reads = strategies.get(entry.id)?.reads?.(entry.params) ?? []
    if (reads.includes('validation') && protocol.validation === 0 && data.split === null)
      findings.push({
        ...lacks('reads validation rows with true labels, and the study reserves none', '0', 'protocol.validation above 0'),
        fix: 'set protocol.validation, which is charged to every strategy alike, or parameters that read none (target: pool-pseudo)',
      })
    if (reads.includes('moments') && training.optimizer === 'sgd')
      findings.push({
        ...lacks("follows Adam's steps, and the model is trained by SGD", 'sgd', 'training.optimizer adam or adamw'),
        fix: 'set training.optimizer: adam, or gradient: sgd',
      })
    if (needs.includes('lossPrediction') && module === undefined)
      findings.push(
        lacks(
          'reads predicted losses, and nothing in its run learns to predict them',
          'no auxiliary module',
          'learning-loss or lplgrad with lambda above 0 as the strategy of the run',
        ),
      )
    if (entry === strategy && module !== undefined && model.type === 'linear')
      findings.push(lacks('predicts losses from hidden activations, and a linear model has none', 'linear', 'another model.type'))
    return findings
  })
}
