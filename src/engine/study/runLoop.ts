import { QuerentError, throwIfCancelled } from '../core/errors'
import { createPairwiseDistance } from '../metrics/dynamics'
import type { Model } from '../nn/model'
import type { Memories, RoundRecord, RunEvent, RunEventBody, RunFailure } from './events'
import { createDynamics } from './dynamics'
import { isEvaluated } from './evaluated'
import { createLedger } from './ledger'
import { modelOf } from './network'
import { checkLabels, without } from './partition'
import { createProxyRun } from './proxyRun'
import { roundRecord, type Buy } from './record'
import { emptyRecord, evaluateRound, fitRound, lastOutlook, queryRound, startWeights, stateEvents, type Labels } from './round'
import { checkBudget, checkNeeds, checkResume, initialSamples, settingOf, type RunDependencies, type Setting } from './setting'
import type { RunSpec } from './spec'

export type { RunDependencies } from './setting'

/**
 * Runs one spec, from the start or from a resume point. Never throws: the last event says how it ended. Every draw comes from a
 * stream named by purpose and round, so that a resumed run gives the same records as one that was left alone.
 */
export async function* runLoop(spec: RunSpec, deps: RunDependencies): AsyncGenerator<RunEvent, void> {
  let seq = deps.resume?.nextSeq ?? 0
  let end: RunEventBody = { type: 'run-ended', state: 'finished' }
  try {
    for await (const body of runEvents(spec, deps)) yield { seq: seq++, ...body }
  } catch (error) {
    const failure = failureOf(error)
    end = failure.code === 'cancelled' ? { type: 'run-ended', state: 'cancelled' } : { type: 'run-ended', state: 'failed', error: failure }
  }
  yield { seq, ...end }
}

function failureOf(error: unknown): RunFailure {
  if (error instanceof QuerentError) return { code: error.code, message: error.message, details: error.details }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
}

async function* runEvents(spec: RunSpec, deps: RunDependencies): AsyncGenerator<RunEventBody> {
  const setting = settingOf(spec, deps)
  const { partition } = setting
  checkLabels(setting)
  const initial = initialSamples(setting)
  checkBudget(setting, initial.length)
  checkResume(spec, deps.resume, initial)
  const records = deps.resume?.records ?? []

  const model = modelOf(setting.proxy === null ? setting : { ...setting, extras: {} })
  const proxy = setting.proxy && createProxyRun(setting.proxy, setting, model)
  try {
    checkNeeds(proxy?.setting ?? setting, proxy?.model ?? model)
    yield {
      type: 'run-started',
      rounds: spec.strategy.rounds,
      resumedFrom: records.length,
      initial,
      poolSize: partition.pool.length,
      testSize: partition.test.rows.length,
    }
    if (records.length === 0 && partition.test.heldOut && spec.data.test === 'provided' && spec.data.split === null) {
      yield {
        type: 'warning',
        code: 'no-test-array',
        message: `${spec.datasetName} has no test array: ${partition.test.rows.length} of its rows are held out`,
      }
    }
    if (deps.resume?.weights) model.restore(deps.resume.weights)

    let labeled = setting.isLine ? [...partition.pool] : initial.map(({ row }) => row)
    const queried = createPairwiseDistance(setting.featureWidth, deps.kernels)
    const dynamics = createDynamics(setting)
    let bought: number[] = []
    const buy = (rows: readonly number[]): void => {
      if (rows.length === 0) return
      labeled = [...labeled, ...rows]
      bought = [...bought, ...rows]
      queried.add(setting.features(Int32Array.from(rows)))
    }
    for (const { selection } of records) buy(selection.map(({ row }) => row))

    if (proxy !== null && records.length <= spec.strategy.rounds) yield* proxy.prepare(initial, records)
    let memories = deps.resume?.memories ?? {}
    for (let round = records.length; round <= spec.strategy.rounds; round++) {
      await deps.pause?.()
      throwIfCancelled(deps.signal)
      const labels = labelsOf(setting, labeled)
      const describe: Buy = (rows) => {
        buy(rows)
        return { diversityCumulative: queried.mean(), spread: dynamics.describe(round, labels.pool, rows, bought) }
      }
      const ended = yield* proxy === null
        ? oneRound(model, setting, round, labels, memories, describe)
        : proxy.round(round, labels, memories, describe)
      memories = ended.memories
      yield { type: 'round-ended', record: ended.record }
    }
  } finally {
    proxy?.dispose()
    model.dispose()
  }
}

function labelsOf({ deps, partition }: Setting, labeled: readonly number[]): Labels {
  // Equal sets train alike, in whatever order they were bought.
  const rows = Int32Array.from(labeled).sort()
  return { rows, classes: rows.map((row) => deps.dataset.train.labels[row]), pool: without(partition.pool, rows) }
}

/** Trains, evaluates and queries; `buy` takes the queried rows and answers how far apart they and all queried rows are. */
async function* oneRound(
  model: Model,
  setting: Setting,
  round: number,
  labels: Labels,
  before: Memories,
  buy: Buy,
): AsyncGenerator<RunEventBody, { readonly record: RoundRecord; readonly memories: Memories }> {
  const { spec, deps, partition } = setting
  const ledger = createLedger(() => deps.clock.ticks())
  const labeled = labels.rows.length + partition.validation.length
  yield { type: 'round-started', round, labeled }

  await ledger.charge('trainMs', () => startWeights(model, setting, round))
  // Without a label there is nothing to train on: the untrained network is evaluated, and chooses.
  const fit = yield* fitRound(model, setting, round, labels, ledger)
  const metrics = isEvaluated(spec, round, labeled) ? await ledger.charge('evalMs', () => evaluateRound(model, setting)) : {}
  yield { type: 'evaluated', round, labeled, metrics }

  const { record: batch, memories } =
    round < spec.strategy.rounds
      ? yield* queryRound(model, setting, round, labels, ledger, before)
      : { record: emptyRecord, memories: before }
  // Measures of a batch are metrics of the round, like those of its model.
  const spread = ledger.charge('evalMs', () => buy(batch.selection.map(({ row }) => row)))
  if (round === spec.strategy.rounds) yield* lastOutlook(model, setting, round, labels)
  yield* stateEvents(model, setting, round, memories)
  const record = roundRecord({ round, labeled, metrics, timings: { ...ledger.spent } }, fit, batch, spread)
  return { record, memories }
}
