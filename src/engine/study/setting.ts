import { badInput, unsupported, type CancelSignal } from '../core/errors'
import type { Matrix } from '../core/matrix'
import type { Dataset, Rows, Scaling } from '../data/dataset'
import { fitFeatureScaling, readScaled, type FeatureSource, type FeatureTarget } from '../data/features'
import { gatherRows, sampleSize } from '../data/gather'
import { fitScaling } from '../data/scaling'
import type { Backbone } from '../nn/backbone'
import type { ModelConfig } from '../nn/createModel'
import type { Executor } from '../nn/executor'
import type { Capability, Model } from '../nn/model'
import type { ExternalCommand, ProxyPlan, Reading, SelectionKernels, TrainingExtras } from '../strategies/contract'
import { strategyOf } from '../strategies/registry'
import { isLine } from './entries'
import type { ResumePoint, SelectedSample } from './events'
import { checkRows, initialRows, partitionOf, positionOf, type Partition } from './partition'
import type { RunFiles } from './runFiles'
import { chooserOf, opener, type Method } from './runHash'
import type { RunSpec } from './spec'
import { streamsOf, type Streams } from './streams'

/** What a host gives to a run. */
export interface RunDependencies {
  readonly dataset: Dataset
  /** owned by the host, which disposes it */
  readonly executor: Executor
  readonly kernels: SelectionKernels
  readonly files?: RunFiles
  /** what a `finetune` model starts from */
  readonly backbone?: Backbone
  /** features of the training rows that were made before the run; they replace the inputs as the fixed space of distances */
  readonly features?: FeatureSource
  /** room for features that the run itself makes of all training rows; owned by the run, which disposes it */
  readonly featureStore?: (rows: number, width: number) => FeatureTarget
  /** starts the commands of `external`; absent where none may be started */
  readonly external?: ExternalCommand
  readonly clock: { ticks(): number }
  readonly signal?: CancelSignal
  readonly resume: ResumePoint | null
  /** awaited before every round; resolves when the run may go on */
  readonly pause?: () => Promise<void>
  /** lets the host's event loop run, about every 20 ms of training and scoring */
  readonly breathe?: () => Promise<void>
  /** makes the network; `createModel` when left out */
  readonly createModel?: (config: ModelConfig, executor: Executor) => Model
}

/** Everything of a run that is the same in all its rounds. */
export interface Setting {
  readonly spec: RunSpec
  readonly deps: RunDependencies
  readonly streams: Streams
  readonly partition: Partition
  readonly classes: number
  /** trains once on the whole pool */
  readonly isLine: boolean
  /** who is asked for the batches */
  readonly method: Method
  /** the proxy that stands in for the model when batches are chosen; null: the model itself is asked */
  readonly proxy: ProxyPlan | null
  /** what the method adds to the training of the network that it asks */
  readonly extras: TrainingExtras
  /** rows of the training array, and the test rows, as the model sees them */
  readonly rows: (index: Int32Array) => Rows
  readonly testRows: Rows
  /** n × d rows in the fixed space of distances: standardised stored features, or standardised inputs where there are none */
  readonly features: (index: Int32Array) => Matrix
  /** columns of `features` */
  readonly featureWidth: number
}

export function settingOf(spec: RunSpec, deps: RunDependencies): Setting {
  const { dataset, executor } = deps
  const { train, kind, valueRange } = dataset
  const streams = streamsOf(spec)
  const partition = partitionOf(dataset, spec, deps.files?.split, streams)
  const { pool, validation, test } = partition
  checkFeatures(deps)
  // Statistics of the inputs come from every row but the test rows; labels play no part in them.
  const known = validation.length === 0 ? pool : Int32Array.from([...pool, ...validation]).sort()
  const fitted = fitScaling(train, known, spec.data.scaling, kind, valueRange)
  // A backbone reads inputs scaled as they were when it was trained, unless the study says otherwise.
  const scaling = deps.backbone && spec.data.scaling === 'auto' ? { ...fitted, ...deps.backbone.scaling } : fitted
  const stored = deps.features
  const cols = stored?.width ?? sampleSize(train)
  let space: Scaling | undefined
  return {
    spec,
    deps,
    streams,
    partition,
    classes: dataset.classNames.length,
    isLine: isLine(spec.strategy),
    method: chooserOf(spec.strategy),
    proxy: strategyOf(spec.strategy.id).proxy?.(spec.strategy.params) ?? null,
    extras: extrasOf(spec),
    rows: (index) => ({ pool: train, scaling, index }),
    testRows: { pool: test.source, scaling, index: test.rows },
    featureWidth: cols,
    features: (index) => {
      const data = executor.allocate(index.length * cols)
      if (stored !== undefined) {
        space ??= fitFeatureScaling(stored, known)
        readScaled(stored, index, space, data)
      } else {
        // Without a range, images get one mean and deviation over all pixels; everything else one per column.
        space ??= fitScaling(train, known, 'auto', kind, null)
        gatherRows({ pool: train, scaling: space, index }, 0, index.length, data)
      }
      return { data, rows: index.length, cols }
    },
  }
}

function checkFeatures({ features, dataset }: RunDependencies): void {
  if (features !== undefined && features.rows !== dataset.train.rows)
    throw badInput(`${features.source} has features of ${features.rows} rows; ${dataset.id} has ${dataset.train.rows} training rows`, {
      path: 'data.features',
      found: `${features.rows} rows`,
      expected: `${dataset.train.rows} rows`,
    })
}

/** The labels a run starts with, in order; none with an empty start, and none listed for a run on the whole pool. */
export function initialSamples({ spec: { protocol }, deps, partition, streams, classes, isLine }: Setting): SelectedSample[] {
  if (isLine || protocol.dataStart === 'empty') return []
  const { labels } = deps.dataset.train
  const { initialSampling } = protocol
  const rows =
    initialSampling === 'file'
      ? listedRows(deps, partition, protocol.initialRows)
      : initialRows(partition.pool, labels, classes, protocol.initial, initialSampling, streams.initial())
  return Array.from(rows, (row) => ({ row, label: labels[row], score: null, predicted: null, confidence: null }))
}

function listedRows({ files, dataset }: RunDependencies, { pool }: Partition, path: string | null): readonly number[] {
  const file = path ?? undefined
  const rows = files?.initialRows
  if (rows === undefined || rows.length === 0)
    throw badInput(`${file} gives no initial rows`, { file, path: 'protocol.initialRows', expected: 'at least one row' })
  checkRows(rows, dataset.train.rows, file)
  const stray = rows.find((row) => positionOf(pool, row) < 0)
  if (stray !== undefined)
    throw badInput(`${file}: row ${stray} is not in the pool`, {
      file,
      found: String(stray),
      expected: 'rows that are neither test nor validation rows',
    })
  if (new Set(rows).size !== rows.length) throw badInput(`${file} names a row twice`, { file, expected: 'each row once' })
  return rows
}

/** Refuses budgets the pool does not hold. */
export function checkBudget({ spec: { strategy, protocol }, partition: { pool }, isLine }: Setting, initial: number): void {
  const wanted = initial + strategy.rounds * protocol.query
  if (isLine || wanted <= pool.length) return
  throw badInput(
    `the pool of ${pool.length} rows is too small for ${initial} initial labels and ${strategy.rounds} rounds of ${protocol.query}`,
    {
      path: 'protocol.rounds',
      found: `${wanted} labels`,
      expected: `at most ${pool.length}`,
    },
  )
}

/** Refuses a resume point of another run. */
export function checkResume(spec: RunSpec, resume: ResumePoint | null, initial: readonly SelectedSample[]): void {
  if (resume === null || resume.records.length === 0) return
  const isSame = resume.initial.length === initial.length && resume.initial.every(({ row }, i) => row === initial[i].row)
  if (!isSame || resume.records.some(({ round }, i) => round !== i) || resume.records.length > spec.strategy.rounds + 1) {
    throw badInput('the recorded rounds do not belong to this run', { expected: 'its initial set and its rounds in order' })
  }
  if (resume.records.length > spec.strategy.rounds) return
  if (keepsWeights(spec) && resume.weights === null) {
    throw badInput(`a run with weightStart ${spec.training.weightStart} cannot go on without the weights of its last round`, {
      expected: 'the weights that were written before the last round',
    })
  }
  if ([spec.strategy, ...spec.shadow].some(remembers) && resume.memories === undefined) {
    throw badInput(`${spec.strategy.id} cannot go on without what it kept of its last round`, {
      expected: 'the memory that was written before the last round',
    })
  }
}

/** The strategy's own additions, with as many checkpoints as any method asks for. */
function extrasOf(spec: RunSpec): TrainingExtras {
  const of = ({ id, params }: Method): TrainingExtras => strategyOf(id).training?.(params) ?? {}
  return { ...of(chooserOf(spec.strategy)), checkpoints: Math.max(0, ...methodsOf(spec).map((method) => of(method).checkpoints ?? 0)) }
}

/** Whether a round starts from the weights of the one before. */
export const keepsWeights = ({ training }: Pick<RunSpec, 'training'>): boolean =>
  training.weightStart === 'carry' || training.weightStart === 'shrink-perturb'

/** Whether a method keeps something from round to round. */
export const remembers = ({ id, params }: Method): boolean => strategyOf(id).remembers?.(params) === true

/** Whether a run can only go on with what the round before left behind: weights, or the memory of a method. */
export const keepsState = (spec: Pick<RunSpec, 'training' | 'strategy' | 'shadow'>): boolean =>
  keepsWeights(spec) || [spec.strategy, ...spec.shadow].some(remembers)

/** Everybody who is asked in the rounds of a run. */
export function methodsOf({ strategy, shadow, protocol }: RunSpec): Method[] {
  const method = chooserOf(strategy)
  return [method, ...shadow, ...(protocol.dataStart === 'empty' ? [opener(protocol.firstBatch, method)] : [])]
}

/** What a method asks of the model. */
export const needsOf = ({ id, params }: Method): readonly Capability[] => strategyOf(id).needs(params)

/** What a method reads beyond the labelled rows. */
export const readsOf = ({ id, params }: Method): readonly Reading[] => strategyOf(id).reads?.(params) ?? []

/** Refuses methods that ask for what the model or the study does not have, before anything is trained. */
export function checkNeeds({ spec, partition }: Setting, { capabilities }: Pick<Model, 'capabilities'>): void {
  for (const method of methodsOf(spec)) {
    if (partition.validation.length === 0 && readsOf(method).includes('validation'))
      throw badInput(noValidation(method.id), noValidationDetails)
    const missing = needsOf(method).find((need) => !capabilities.has(need))
    if (missing !== undefined)
      throw unsupported(`${method.id} needs ${needNames[missing]}, which a ${spec.model.type} model ${lacks[missing] ?? ''}does not give`, {
        path: 'model',
        expected: missing,
      })
  }
}

/** How a method is refused that reads validation rows where none are reserved. */
export const noValidation = (id: string): string => `${id} reads validation rows with true labels, and the study reserves none`
export const noValidationDetails = {
  path: 'protocol.validation',
  found: '0',
  expected: 'at least 1 row, charged to every strategy; or parameters that read none, such as target: pool-pseudo',
} as const

const lacks: Partial<Readonly<Record<Capability, string>>> = {
  sampledProba: 'without dropout ',
  lossPrediction: 'without an auxiliary module (trained by the strategy of the run, with lambda above 0) ',
}

const needNames: Readonly<Record<Capability, string>> = {
  proba: 'class probabilities',
  embedding: "the last layer's inputs",
  lastLayer: "the last layer's weights",
  tensorNorms: 'per-sample gradient norms',
  gradients: 'gradients of all layers',
  sampledProba: 'stochastic forward passes',
  lossPrediction: 'predicted losses',
}
