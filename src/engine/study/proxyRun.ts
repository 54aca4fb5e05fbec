import { badInput } from '../core/errors'
import type { FitOptions, FitRandom, FitSummary, Model } from '../nn/model'
import type { ProxyPlan } from '../strategies/contract'
import type { Memories, ProxyTimings, RoundRecord, RunEventBody, SelectedSample } from './events'
import { isEvaluated } from './evaluated'
import { alignmentState, isCheckRound, tuningIn } from './featureAlignment'
import { createLedger, createLedgerOf, type Ledger } from './ledger'
import { carriedWeights, carriedWeightsDetails } from './proxyProblems'
import { checkRound } from './proxyCheck'
import { inputFeatures, modelFeatures, storedFeatures, type ProxyFeatures } from './proxyFeatures'
import { evenBatch, featureShape, proxyNetwork, proxySetting } from './proxyNetwork'
import { roundRecord, type Buy } from './record'
import {
  emptyRecord,
  evaluateRound,
  fitOptions,
  fitRound,
  lastOutlook,
  queryRound,
  reported,
  startWeights,
  stateEvents,
  type Labels,
} from './round'
import { keepsWeights, type Setting } from './setting'
import type { TuningMethod } from './spec'

/** A run whose batches a proxy chooses; its model is trained where it is evaluated, and in check rounds (A§12). */
export interface ProxyRun {
  /** the network that chooses, and the run as its methods see it */
  readonly model: Model
  readonly setting: Setting
  /** Makes the features that the round after `records` starts from. */
  prepare(initial: readonly SelectedSample[], records: readonly RoundRecord[]): AsyncGenerator<RunEventBody, void>
  round(
    round: number,
    labels: Labels,
    before: Memories,
    buy: Buy,
  ): AsyncGenerator<RunEventBody, { readonly record: RoundRecord; readonly memories: Memories }>
  dispose(): void
}

/** Terms of the ledger that an ordinary round does not have. */
type Term = 'featureForwardMs' | 'checkTrainMs' | 'logmeMs' | 'featureUpdateMs' | 'finalTrainMs'
const noTerms = { featureForwardMs: 0, checkTrainMs: 0, logmeMs: 0, featureUpdateMs: 0, finalTrainMs: 0 }

export function createProxyRun(plan: ProxyPlan, setting: Setting, model: Model): ProxyRun {
  const { spec, deps, streams, partition } = setting
  const { alignment } = plan
  if (keepsWeights(spec))
    throw badInput(carriedWeights(spec.strategy.id, spec.training.weightStart), {
      ...carriedWeightsDetails,
      found: spec.training.weightStart,
    })
  const ticks = (): number => deps.clock.ticks()
  const reserved = partition.validation.length
  let history: readonly RoundRecord[] = []
  let features: ProxyFeatures | null = null
  let chooser = proxySetting(plan, setting, null)
  let network = proxyNetwork(plan, chooser, featureShape(setting))
  let terms = createLedgerOf<Term>({ ...noTerms }, ticks)

  const use = (next: ProxyFeatures): void => {
    features?.dispose()
    network.dispose()
    features = next
    chooser = proxySetting(plan, setting, next)
    network = proxyNetwork(plan, chooser, next.shape)
  }
  const stateOf = (records: readonly RoundRecord[]) => alignmentState(records, reserved)
  const tuningOf = (records: readonly RoundRecord[]): TuningMethod | null => {
    if (spec.model.type !== 'finetune') return null
    return alignment === undefined ? spec.model.tuning : tuningIn(alignment, stateOf(records))
  }

  /** Trains the model on rows, from where a round starts. */
  async function* trainModel(
    round: number,
    rows: Int32Array,
    tuning: TuningMethod | null,
    random: FitRandom,
    term: 'finalTrainMs' | 'checkTrainMs',
  ): AsyncGenerator<RunEventBody, FitSummary> {
    await terms.charge(term, () => startWeights(model, setting, round))
    const labels = rows.map((row) => deps.dataset.train.labels[row])
    const steps = model.fit(setting.rows(rows), labels, tuned(fitOptions(spec), tuning), random, deps.signal)
    return yield* reported(round, steps, (work) => terms.charge(term, work))
  }

  async function initialFeatures(isFirst: boolean): Promise<ProxyFeatures> {
    if (deps.features !== undefined) {
      if (isFirst) terms = createLedgerOf<Term>({ ...noTerms, featureForwardMs: deps.features.forwardMs }, ticks)
      return storedFeatures(deps.features, setting)
    }
    if (spec.model.type !== 'finetune') return inputFeatures(setting)
    model.initialize(streams.weights(0), 'pretrained')
    const made = await terms.charge('featureForwardMs', () => modelFeatures(model, setting))
    if (!isFirst) terms = createLedgerOf<Term>({ ...noTerms }, ticks) // the first round of the run has paid for them
    return made
  }

  /** Fine-tunes as the round of the last update did, and makes its features again. */
  async function* renewedFeatures(
    updatedIn: number,
    initial: readonly SelectedSample[],
    records: readonly RoundRecord[],
  ): AsyncGenerator<RunEventBody, ProxyFeatures> {
    const before = records.slice(0, updatedIn)
    const rows = Int32Array.from([...initial, ...before.flatMap(({ selection }) => selection)], ({ row }) => row).sort()
    yield* trainModel(updatedIn, rows, tuningOf(before), streams.fit(updatedIn), 'checkTrainMs')
    const made = await modelFeatures(model, setting)
    terms = createLedgerOf<Term>({ ...noTerms }, ticks)
    return made
  }

  return {
    get model() {
      return network
    },
    get setting() {
      return chooser
    },

    async *prepare(initial, records) {
      history = records
      if (plan.network.on === 'inputs') return
      const { updatedIn } = stateOf(records)
      use(updatedIn === null ? await initialFeatures(records.length === 0) : yield* renewedFeatures(updatedIn, initial, records))
    },

    async *round(round, labels, before, buy) {
      const ledger = createLedger(ticks)
      const labeled = labels.rows.length + reserved
      const isLast = round === spec.strategy.rounds
      const isFinal = isEvaluated(spec, round, labeled)
      const tuning = tuningOf(history)
      yield { type: 'round-started', round, labeled }

      // What is evaluated is outside active-learning time.
      let fit: FitSummary | null = null
      if (isFinal && labels.rows.length === 0) await startWeights(model, setting, round)
      if (isFinal && labels.rows.length > 0) fit = yield* trainModel(round, labels.rows, tuning, streams.fit(round), 'finalTrainMs')
      const metrics = isFinal ? await ledger.charge('evalMs', () => evaluateRound(model, setting)) : {}
      yield { type: 'evaluated', round, labeled, metrics }

      let batch = emptyRecord
      let memories = before
      if (!isLast) {
        await ledger.charge('trainMs', () => startWeights(network, chooser, round))
        const proxy = yield* fitRound(network, evenly(chooser, labels.rows.length), round, labels, ledger)
        const asked = yield* queryRound(network, chooser, round, labels, ledger, before)
        batch = { ...asked.record, diagnostics: { ...proxyDiagnostics(proxy), ...asked.record.diagnostics } }
        memories = asked.memories
      }
      const spread = ledger.charge('evalMs', () => buy(batch.selection.map(({ row }) => row)))
      if (isLast) yield* lastOutlook(model, setting, round, labels)
      yield* stateEvents(model, setting, round, memories, isFinal)

      let check = {}
      const state = stateOf(history)
      if (!isLast && alignment !== undefined && features !== null && isCheckRound(alignment, state, labels.rows.length)) {
        const found = yield* checkRound(
          {
            alignment,
            mayUpdate: state.updates < alignment.updates,
            round,
            labeled: labels.rows,
            batch: batch.selection,
            features,
            train: (rows, random) => trainModel(round, rows, tuning, random, 'checkTrainMs'),
          },
          model,
          setting,
          terms,
        )
        if (found.feature_update === 1) use(await terms.charge('featureUpdateMs', () => modelFeatures(model, setting)))
        check = found
      }
      const record = roundRecord(
        { round, labeled, metrics, ...timesOf(ledger, terms) },
        fit,
        {
          ...batch,
          mode: batch.mode ?? tuning,
          diagnostics: { ...batch.diagnostics, ...(tuning === null ? {} : { tuning: Number(tuning === 'lp-ft') }), ...check },
        },
        spread,
      )
      terms = createLedgerOf<Term>({ ...noTerms }, ticks)
      history = [...history, record]
      return { record, memories }
    },

    dispose: () => {
      features?.dispose()
      network.dispose()
    },
  }
}

const tuned = (options: FitOptions, method: TuningMethod | null): FitOptions =>
  options.tuning === undefined || method === null ? options : { ...options, tuning: { ...options.tuning, method } }

/** The setting with batches of which none is a single row. */
function evenly(setting: Setting, rows: number): Setting {
  const { training } = setting.spec
  return { ...setting, spec: { ...setting.spec, training: { ...training, batchSize: evenBatch(training.batchSize, rows) } } }
}

const proxyDiagnostics = (fit: FitSummary | null): Record<string, number> =>
  fit === null
    ? {}
    : {
        proxy_train_loss: fit.loss,
        proxy_train_accuracy: fit.accuracy,
        proxy_steps: fit.steps,
        ...(fit.auxiliaryLoss === undefined ? {} : { auxiliary_loss: fit.auxiliaryLoss }),
      }

/** The times of a round in the columns that all runs have, and apart (A§12.6). */
function timesOf({ spent }: Ledger, { spent: own }: Ledger<Term>): Pick<RoundRecord, 'timings'> & { readonly proxyTimings: ProxyTimings } {
  const { featureForwardMs, checkTrainMs, logmeMs, featureUpdateMs, finalTrainMs } = own
  return {
    timings: {
      ...spent,
      updateMs: spent.updateMs + featureForwardMs + checkTrainMs + logmeMs + featureUpdateMs,
      evalMs: spent.evalMs + finalTrainMs,
    },
    proxyTimings: {
      featureForwardMs,
      proxyTrainMs: spent.trainMs,
      proxyForwardMs: spent.forwardMs,
      selectMs: spent.scoreMs + spent.chooseMs,
      checkTrainMs,
      logmeMs,
      featureUpdateMs,
      finalTrainMs,
    },
  }
}
