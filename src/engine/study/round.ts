import { logSoftmax } from '../core/linear'
import { classEntropy, meanPairwiseDistance } from '../metrics/dynamics'
import { evaluateMetrics } from '../metrics/registry'
import type { EpochStats, FitOptions, FitSummary, Model } from '../nn/model'
import type { Memory } from '../strategies/contract'
import { strategyOf } from '../strategies/registry'
import { embeddingsArtifact, outlookArtifact, scoresArtifact, weightsArtifact } from './artifacts'
import type { Memories, RoundRecord, RunEventBody, ShadowOverlap } from './events'
import { createLedger, type Ledger } from './ledger'
import { createModelView } from './modelView'
import { positionOf } from './partition'
import { afterthoughts, askMethod, overlapOf, revealed, type QueryState } from './query'
import { chooserOf, opener, type Method } from './runHash'
import { keepsState, keepsWeights, methodsOf, needsOf, type Setting } from './setting'
import type { RunSpec } from './spec'

/** Epoch events per fit; which epochs report does not depend on the clock. */
const epochReports = 25

/** Labelled rows and those left in the pool, ascending. */
export interface Labels {
  readonly rows: Int32Array
  readonly classes: Int32Array
  readonly pool: Int32Array
}

/** Puts the weights of a round's start into the model, which holds those of the round before. */
export async function startWeights(model: Model, { spec, streams }: Setting, round: number): Promise<void> {
  const { weightStart, shrink, perturb } = spec.training
  if (weightStart === 'pretrained') return model.initialize(streams.weights(round), 'pretrained')
  if (round === 0 || weightStart === 'reinit-same') {
    // What is carried on comes from the backbone, where there is one.
    const start = spec.model.type === 'finetune' && keepsWeights(spec) ? 'pretrained' : 'fresh'
    return model.initialize(streams.weights(0), start)
  }
  if (weightStart === 'carry') return
  if (weightStart === 'reinit-fresh') return model.initialize(streams.weights(round))
  const carried = await model.snapshot()
  model.initialize(streams.weights(round))
  const fresh = await model.snapshot()
  carried.forEach((values, t) => {
    for (let i = 0; i < values.length; i++) values[i] = shrink * values[i] + perturb * fresh[t][i]
  })
  model.restore(carried)
}

/** How the model of a run is trained; a backbone as its study says. */
export function fitOptions({ model, training }: Pick<RunSpec, 'model' | 'training'>, checkpoints = 0): FitOptions {
  if (model.type !== 'finetune') return { ...training, checkpoints }
  const { tuning: method, headEpochs, headLearningRate } = model
  return { ...training, checkpoints, tuning: { method, headEpochs, headLearningRate } }
}

/** Trains on the labelled rows, and on the reserved ones for a method that says so, and reports its epochs; null without any. */
export async function* fitRound(
  model: Model,
  { spec, deps, partition, streams, rows, extras }: Setting,
  round: number,
  labels: Labels,
  ledger: Ledger,
): AsyncGenerator<RunEventBody, FitSummary | null> {
  const own = extras.withValidation === true ? Int32Array.from([...labels.rows, ...partition.validation]).sort() : labels.rows
  if (own.length === 0) return null
  const steps = model.fit(
    rows(own),
    own.map((row) => deps.dataset.train.labels[row]),
    fitOptions(spec, extras.checkpoints),
    streams.fit(round),
    deps.signal,
  )
  return yield* reported(round, steps, (work) => ledger.charge('trainMs', work))
}

/** Goes through a fit, reports its epochs and charges its time. */
export async function* reported(
  round: number,
  steps: AsyncIterator<EpochStats, FitSummary>,
  charge: <T>(work: () => T) => T,
): AsyncGenerator<RunEventBody, FitSummary> {
  try {
    for (;;) {
      const next = await charge(() => steps.next())
      if (next.done === true) return next.value
      const { epoch, epochs, loss } = next.value
      const every = Math.ceil(epochs / epochReports)
      if ((epoch + 1) % every === 0 || epoch === epochs - 1) yield { type: 'epoch', round, epoch, epochs, loss }
    }
  } finally {
    await steps.return?.() // a host that stops listening leaves no training step behind
  }
}

/** The study's metrics on the test rows. */
export async function evaluateRound(
  model: Model,
  { spec, deps, partition: { test }, testRows, classes }: Setting,
): Promise<RoundRecord['metrics']> {
  const { logits } = await model.outputs(testRows, deps.signal)
  return evaluateMetrics(
    logSoftmax(logits),
    test.rows.map((row) => test.source.labels[row]),
    classes,
    spec.metrics,
  )
}

/** What a round's query adds to its record, and what methods keep of it. */
export interface Batch {
  readonly record: Pick<RoundRecord, 'selection' | 'diversity' | 'classEntropy' | 'mode' | 'overlap' | 'diagnostics'>
  readonly memories: Memories
}

export const emptyRecord: Batch['record'] = { selection: [], diversity: null, classEntropy: null, mode: null, overlap: [], diagnostics: {} }

/** Asks the strategy for the next batch, its shadows for theirs, and describes both. */
export async function* queryRound(
  model: Model,
  setting: Setting,
  round: number,
  labels: Labels,
  ledger: Ledger,
  before: Memories,
): AsyncGenerator<RunEventBody, Batch> {
  const { spec, deps, partition, streams, classes, features, method: chooser } = setting
  const { protocol, strategy, keep } = spec
  const { train } = deps.dataset
  const method = labels.rows.length === 0 ? opener(protocol.firstBatch, chooser) : chooser
  const candidates = candidatesOf(setting, method, round, labels.pool)
  const view = createModelView(model, {
    rows: setting.rows,
    count: train.rows,
    embeddings: keep === 'embeddings' || methodsOf(spec).some((asked) => needsOf(asked).includes('embedding')),
    passes: streams.passes(round),
    ...(deps.signal === undefined ? {} : { signal: deps.signal }),
  })
  const state: QueryState = {
    candidates,
    labeled: labels.rows,
    labels: labels.classes,
    k: protocol.query,
    classes,
    round,
    rounds: strategy.rounds,
    validation: { rows: partition.validation, labels: partition.validation.map((row) => train.labels[row]) },
    truth: candidates.map((row) => train.labels[row]),
    view,
    features,
    ...(deps.files?.recorded === undefined ? {} : { recorded: deps.files.recorded }),
    ...(deps.external === undefined ? {} : { external: deps.external }),
    kernels: deps.kernels,
    streams,
    ...(deps.signal === undefined ? {} : { signal: deps.signal }),
  }
  // What another method remembers of the first batch is none of the strategy's business.
  const isOwn = method === chooser
  const own = await askMethod(method, state, ledger, isOwn ? before.strategy : undefined)
  const memories: Record<string, Memory> = { ...before, ...(isOwn && own.memory && { strategy: own.memory }) }

  // What follows describes the choice; no strategy pays for it.
  const free = createLedger(deps.clock.ticks)
  const overlap: ShadowOverlap[] = []
  const shadowScores: (Float64Array | undefined)[] = []
  for (const shadow of spec.shadow) {
    const key = `shadow:${shadow.name}`
    const answer = await askMethod(shadow, state, free, before[key])
    overlap.push(overlapOf(shadow.name, own, answer))
    shadowScores.push(answer.scores)
    if (answer.memory !== undefined) memories[key] = answer.memory
  }
  const selection = await revealed(own, candidates, train, view.charged(free))
  if (keep !== 'nothing') {
    if (own.scores !== undefined) yield scoresArtifact(round, candidates, own.scores)
    for (const [k, scores] of shadowScores.entries()) if (scores !== undefined) yield scoresArtifact(round, candidates, scores, k)
    // Where nobody asked for predictions of the candidates, the outlook does not cost a pass over them.
    const isAsked = methodsOf(spec).some((asked) => needsOf(asked).includes('proba'))
    const seen = Int32Array.from([...(isAsked ? candidates : own.rows), ...labels.rows]).sort()
    yield outlookArtifact(round, seen, await view.charged(free).logProbabilities(seen))
  }
  if (keep === 'embeddings') {
    if (round === 0) yield { type: 'artifact', name: 'embedding-rows', data: partition.pool, shape: [partition.pool.length] }
    yield embeddingsArtifact(round, await view.charged(free).embeddings(partition.pool))
  }
  return {
    record: {
      selection,
      diversity: meanPairwiseDistance(features(own.rows), deps.kernels),
      classEntropy: classEntropy(
        selection.map(({ label }) => label),
        classes,
      ),
      mode: own.mode ?? null,
      overlap,
      diagnostics: {
        ...own.diagnostics,
        ...(await afterthoughts(
          own,
          selection,
          spec.shadow.map(({ name }, k) => ({ name, scores: shadowScores[k] })),
          candidates,
          view.charged(free),
        )),
      },
    },
    memories,
  }
}

/**
 * The candidates of a round, ascending: the pool, or a random part of it. All strategies of a repeat draw the same order of all rows
 * and take the first that are left, so that those with equal labels have equal candidates.
 */
function candidatesOf({ spec, partition, streams }: Setting, method: Method, round: number, pool: Int32Array): Int32Array {
  const size = spec.protocol.subPool
  if (size === null || size >= pool.length || strategyOf(chooserOf(method).id).wholePool === true) return pool
  const order = streams.subPool(round).sample(partition.pool.length, partition.pool.length)
  return order
    .map((i) => partition.pool[i])
    .filter((row) => positionOf(pool, row) >= 0)
    .slice(0, size)
    .sort()
}

/** What the last model says about the rows it was trained on: where their predictions ended up. */
export async function* lastOutlook(
  model: Model,
  { spec, deps, rows, isLine }: Setting,
  round: number,
  labels: Labels,
): AsyncGenerator<RunEventBody> {
  if (spec.keep === 'nothing' || isLine) return
  const { logits } = await model.outputs(rows(labels.rows), deps.signal)
  yield outlookArtifact(round, labels.rows, logSoftmax(logits))
}

/** The weights a run folder keeps, and what a later round starts from. */
export async function* stateEvents(
  model: Model,
  { spec }: Setting,
  round: number,
  memories: Memories,
  isTrained = true,
): AsyncGenerator<RunEventBody> {
  const isNeeded = keepsState(spec) && round < spec.strategy.rounds
  const isKept = spec.keep === 'weights' && isTrained
  if (!isKept && !isNeeded) return
  const weights = await model.snapshot()
  if (isKept) {
    for (const [i, { name, shape }] of model.state.entries()) yield weightsArtifact(round, name, weights[i], shape)
  }
  if (isNeeded) yield { type: 'checkpoint', round, weights: keepsWeights(spec) ? weights : [], memories }
}
