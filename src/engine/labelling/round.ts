import { logSoftmax } from '../core/linear'
import { badInput, unsupported } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import { unlabeled, type Dataset, type LabeledPool } from '../data/dataset'
import { evaluateMetrics } from '../metrics/registry'
import type { Model } from '../nn/model'
import type { Memories, RunEventBody } from '../study/events'
import { createLedger } from '../study/ledger'
import { checkDisjoint, checkRows, without } from '../study/partition'
import { evaluateRound, fitRound, queryRound, startWeights, type Labels } from '../study/round'
import type { SplitRows } from '../study/runFiles'
import { opener } from '../study/runHash'
import { modelOf } from '../study/network'
import { checkNeeds, keepsState, keepsWeights, settingOf, type RunDependencies, type Setting } from '../study/setting'
import type { RunSpec } from '../study/spec'
import type { AskedSample, Estimate } from './history'

/** What a labelling session knows when it asks for its next batch. */
export interface LabellingRequest {
  readonly spec: RunSpec
  readonly classNames: readonly string[]
  /** rows and their classes, in the order of arrival */
  readonly rows: Int32Array
  readonly classes: Int32Array
  /** rows that were asked for and have no label yet: not asked for again */
  readonly waiting: Int32Array
  readonly k: number
  /** batches so far */
  readonly round: number
  /** what the batch before left behind, where this one starts from it */
  readonly state: { readonly weights: readonly FloatArray[]; readonly memories: Memories } | null
}

export interface LabellingAnswer {
  readonly samples: readonly AskedSample[]
  /** the method that chose: another one than the session's while there is no label */
  readonly method: string
  readonly trained: number
  readonly validation: number
  readonly estimate: Estimate | null
  /** for the next batch; null when that one starts afresh */
  readonly state: { readonly weights: readonly FloatArray[]; readonly memories: Memories } | null
}

/**
 * One round of a run whose labels come from people: trains on the labels there are, measures accuracy on labelled rows that it did
 * not train on, and asks the strategy for k rows. Draws from the streams of repeat 0, by the number of batches so far.
 */
export async function* labellingRound(
  request: LabellingRequest,
  deps: Omit<RunDependencies, 'resume'>,
): AsyncGenerator<RunEventBody, LabellingAnswer> {
  const { round, state } = request
  const { parts, setting, labels } = situationOf(request, deps)
  const { spec } = setting
  if (setting.proxy !== null)
    throw unsupported(`${spec.strategy.id} chooses by a proxy, and people label what the model itself asks for`, {
      path: 'strategies',
      found: spec.strategy.id,
      expected: setting.method.id,
    })
  const model = modelOf(setting)
  try {
    checkNeeds(setting, model)
    if (keepsWeights(spec) && round > 0 && (state === null || state.weights.length === 0))
      throw badInput(`weightStart ${spec.training.weightStart} cannot go on without the weights of the batch before`, {
        expected: 'the weights that the batch before left in the session',
      })
    if (state !== null && state.weights.length > 0) model.restore(state.weights)
    const ledger = createLedger(() => deps.clock.ticks())
    await startWeights(model, setting, round)
    const fit = yield* fitRound(model, setting, round, labels, ledger)
    const estimate = fit === null ? null : await estimateOf(model, setting, parts)
    const { record, memories } = yield* queryRound(model, setting, round, labels, ledger, state?.memories ?? {})
    const isUntrained = labels.rows.length === 0
    return {
      samples: record.selection.map(({ row, score, predicted, confidence }) => ({
        row,
        score,
        predicted: isUntrained ? null : predicted,
        confidence: isUntrained ? null : confidence,
      })),
      method: (isUntrained ? opener(spec.protocol.firstBatch, spec.strategy) : spec.strategy).id,
      trained: labels.rows.length,
      validation: parts.validation.length,
      estimate,
      state: keepsState(spec) ? { weights: keepsWeights(spec) ? await model.snapshot() : [], memories } : null,
    }
  } finally {
    model.dispose()
  }
}

/** The spec of a session's rounds: without labels the study's initial set is drawn at random, or chosen as `firstBatch` says. */
const roundSpec = (spec: RunSpec, k: number): RunSpec => ({
  ...spec,
  data: { ...spec.data, test: 'provided', split: null },
  protocol: {
    ...spec.protocol,
    dataStart: 'empty',
    firstBatch: spec.protocol.dataStart === 'empty' ? spec.protocol.firstBatch : 'random',
    query: k,
    validation: 0,
  },
  shadow: [],
  metrics: ['accuracy'],
  keep: 'nothing',
})

function situationOf(
  { spec, classNames, rows, classes, waiting, k }: LabellingRequest,
  deps: Omit<RunDependencies, 'resume'>,
): { readonly parts: LabellingParts; readonly setting: Setting; readonly labels: Labels } {
  const { train, test } = deps.dataset
  const known = new Int32Array(train.rows).fill(unlabeled)
  rows.forEach((row, i) => (known[row] = classes[i]))
  const parts = partsOf(spec, deps.dataset, known, rows, deps.files?.split)
  const pool = without(parts.rows, parts.validation)
  const none: LabeledPool = { data: new Uint8Array(0), rows: 0, shape: train.shape, labels: new Int32Array(0) }
  const setting = settingOf(roundSpec(spec, k), {
    ...deps,
    dataset: { ...deps.dataset, classNames, train: { ...train, labels: known }, test: test ?? none },
    resume: null,
    files: { ...deps.files, split: { train: Array.from(pool), validation: Array.from(parts.validation), test: Array.from(parts.test) } },
  })
  const trained = pool.filter((row) => known[row] !== unlabeled)
  const labels = {
    rows: trained,
    classes: trained.map((row) => known[row]),
    pool: without(without(pool, trained), Int32Array.from(waiting)),
  }
  if (labels.pool.length === 0) throw badInput('no row is left to ask for', { found: '0 rows', expected: 'a row without a label' })
  return { parts, setting, labels }
}

/** Rows of the training array by what a session does with them; `test` and `validation` have labels. */
export interface LabellingParts {
  readonly rows: Int32Array
  readonly validation: Int32Array
  readonly test: Int32Array
  readonly testOf: Estimate['of']
}

/**
 * Who is who: a split file decides, of which only labelled rows validate and test; else all rows are asked for, and of the labels
 * `protocol.validation` are kept back: the first to arrive, at most every second.
 */
export function partsOf(
  spec: RunSpec,
  { train, test }: Pick<Dataset, 'train' | 'test'>,
  known: Int32Array,
  arrived: Int32Array,
  split: SplitRows | undefined,
): LabellingParts {
  const isKnown = (row: number): boolean => known[row] !== unlabeled
  const file = spec.data.split ?? undefined
  if (split !== undefined) {
    const all = [split.train, split.validation, split.test]
    for (const part of all) checkRows(part, train.rows, file)
    checkDisjoint(all, train.rows, file)
  }
  const rows = split === undefined ? Int32Array.from({ length: train.rows }, (_, row) => row) : Int32Array.from(split.train).sort()
  const listed = Int32Array.from(split?.validation ?? []).filter(isKnown)
  const inPool = new Set(split?.train ?? [])
  const early = split === undefined ? arrived : arrived.filter((row) => inPool.has(row))
  const reserved = early.slice(0, Math.min(spec.protocol.validation, Math.floor(early.length / 2)))
  const held = Int32Array.from(split?.test ?? []).filter(isKnown)
  return {
    rows,
    validation: (split !== undefined && split.validation.length > 0 ? listed : reserved).sort(),
    test: held.sort(),
    testOf: held.length > 0 ? 'test rows of the split' : test === null ? 'validation rows' : 'test array',
  }
}

/** Accuracy on the test rows, or on validation rows when there are none and the model did not train on them. */
async function estimateOf(model: Model, setting: Setting, { validation, testOf }: LabellingParts): Promise<Estimate | null> {
  const { partition, deps, classes, rows, extras } = setting
  if (partition.test.rows.length > 0) {
    const { accuracy } = await evaluateRound(model, setting)
    return { accuracy: accuracy ?? 0, rows: partition.test.rows.length, of: testOf }
  }
  if (validation.length === 0 || extras.withValidation === true) return null
  const { logits } = await model.outputs(rows(validation), deps.signal)
  const labels = validation.map((row) => deps.dataset.train.labels[row])
  const { accuracy } = evaluateMetrics(logSoftmax(logits), labels, classes, ['accuracy'])
  return { accuracy: accuracy ?? 0, rows: validation.length, of: 'validation rows' }
}
