import type { BackendId } from '../nn/executor'
import type { WeightInit } from '../nn/model'

/** Bumped when the numbers a run produces change for the same spec; part of every run hash. */
export const semanticsVersion = 1

export type MetricId = 'accuracy' | 'nll' | 'macro_f1' | 'ece' | 'brier'

export type DatasetRef =
  | string
  | { readonly inputs: string; readonly labels: string; readonly testInputs?: string; readonly testLabels?: string; readonly name?: string }
  | DatasetPart

/** The rows of some classes of a data set (by position or name), which become classes 0, 1, …. */
export interface DatasetPart {
  readonly id: string
  readonly classes: readonly (number | string)[]
  readonly name?: string
}

export interface DataSpec {
  /** 'provided' · fraction in (0, 1) · count */
  readonly test: 'provided' | number
  readonly scaling: 'auto' | 'none' | 'unit' | 'standardize'
  /** file with train, validation and test rows */
  readonly split: string | null
  /** file, or name in the feature store: the fixed space of distances, and what proxies train on */
  readonly features: string | null
}

export type ModelSpec = NetworkSpec | FinetuneSpec

/** A network that starts from nothing. */
export type NetworkSpec = { readonly type: 'linear'; readonly init: WeightInit } | HiddenModel

/** A pre-trained backbone under a fresh dense layer (A§12.2). */
export interface FinetuneSpec {
  readonly type: 'finetune'
  readonly backbone: BackboneRef
  /** trains everything at once, or the head on frozen features first */
  readonly tuning: TuningMethod
  /** length of the head's own training */
  readonly headEpochs: number
  /** of the head, in both phases; that of the backbone is `training.learningRate` */
  readonly headLearningRate: number
  /** before the head */
  readonly dropout: number
  /** of the head, and of everything where a round does not start from the backbone's weights */
  readonly init: WeightInit
}

export type TuningMethod = 'ft' | 'lp-ft'

/** A name in the model library, a weights file, or what is pre-trained before the runs. */
export type BackboneRef = string | { readonly pretrain: PretrainSpec }

export interface PretrainSpec {
  readonly dataset: DatasetRef
  readonly method: 'supervised' | 'simclr'
  readonly model: HiddenModel
  readonly optimizer: 'sgd' | 'adam' | 'adamw'
  readonly learningRate: number
  readonly weightDecay: number
  readonly batchSize: number
  readonly epochs: number
  /** of supervised training; a contrastive one always augments */
  readonly augment: 'none' | 'flip-crop'
  /** of contrastive similarities */
  readonly temperature: number
  readonly seed: number
}

/** Networks with hidden layers, whose values dropout may drop. */
export type HiddenModel = { readonly dropout: number; readonly init: WeightInit } & (
  | { readonly type: 'mlp'; readonly hidden: readonly number[] }
  | { readonly type: 'cnn'; readonly filters: readonly number[]; readonly hidden: readonly number[] }
  | { readonly type: 'resnet'; readonly widths: readonly number[]; readonly blocks: number }
  | { readonly type: 'cnn1d'; readonly filters: readonly number[]; readonly kernel: number }
  | { readonly type: 'vit'; readonly patch: number; readonly width: number; readonly depth: number; readonly heads: number }
)

export type WeightStart = 'reinit-fresh' | 'reinit-same' | 'carry' | 'shrink-perturb' | 'pretrained'

export interface TrainingSpec {
  readonly optimizer: 'sgd' | 'adam' | 'adamw'
  readonly learningRate: number
  readonly milestones: readonly number[]
  readonly decay: number
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
  readonly batchSize: number
  readonly epochs: number
  readonly minSteps: number
  readonly augment: 'none' | 'flip-crop'
  readonly weightStart: WeightStart
  /** shrink-perturb: weights ← shrink · weights + perturb · fresh */
  readonly shrink: number
  readonly perturb: number
}

export interface ProtocolSpec {
  readonly seed: number
  readonly seeds: number
  readonly vary: readonly ('split' | 'initial' | 'weights' | 'order')[]
  readonly dataStart: 'seeded' | 'empty'
  readonly initial: number
  readonly initialSampling: 'random' | 'stratified' | 'file'
  readonly initialRows: string | null
  /** with an empty start: 'strategy' or the id of a model-free strategy */
  readonly firstBatch: string
  readonly query: number
  readonly rounds: number
  readonly subPool: number | null
  readonly validation: number
  /** numbers of labels at which the model is evaluated, and in the last round; null, or absent in older results: in every round */
  readonly evaluateAt?: readonly number[] | null
}

export interface StrategyEntry {
  readonly id: string
  readonly name: string
  readonly rounds?: number
  readonly params: Readonly<Record<string, unknown>>
}

export type FactorValue = string | number | boolean | null | readonly (string | number)[]

/** A level as the cell of a run holds it: an empty cell says that the factor cannot change the run, so the level null is a text there. */
export const cellOfLevel = (level: FactorValue): FactorValue => level ?? 'null'

export interface StatsSpec {
  readonly baseline: string
  readonly metric: MetricId
  readonly primary: 'aubc' | 'final'
  readonly family: 'vs-baseline' | 'all-pairs'
  readonly test: 'paired-sign-flip' | 'paired-t' | 'wilcoxon'
  readonly correction: 'holm' | 'none'
  readonly band: 't95' | 'bootstrap'
  readonly rope: number
  readonly target: number | null
  /** fractions of the budget range: [start, early|late boundary, end] */
  readonly windows: readonly number[]
}

export interface RunSettings {
  readonly backend: 'auto' | BackendId
  readonly jobs: 'auto' | number
  readonly keep: 'nothing' | 'scores' | 'embeddings' | 'weights'
}

/** A validated study with every default filled in. `datasets` is a list even when the file names one. */
export interface Study {
  readonly study: string
  readonly datasets: readonly DatasetRef[]
  readonly data: DataSpec
  readonly model: ModelSpec
  readonly training: TrainingSpec
  readonly protocol: ProtocolSpec
  readonly strategies: readonly StrategyEntry[]
  readonly shadow: readonly StrategyEntry[]
  /** factor path → levels; full factorial */
  readonly ablate: Readonly<Record<string, readonly FactorValue[]>>
  readonly metrics: readonly MetricId[]
  readonly stats: StatsSpec
  readonly run: RunSettings
}

/** One run, fully resolved: everything that can change its numbers, and nothing else but names. */
export interface RunSpec {
  readonly study: string
  readonly dataset: DatasetRef
  /** name in CSVs: the library id, or the file's base name */
  readonly datasetName: string
  readonly datasetSha256: string
  readonly data: DataSpec
  readonly model: ModelSpec
  readonly training: TrainingSpec
  readonly protocol: Omit<ProtocolSpec, 'seeds'>
  readonly strategy: StrategyEntry & { readonly rounds: number }
  readonly shadow: readonly StrategyEntry[]
  readonly metrics: readonly MetricId[]
  /** repeat 0 … seeds − 1 */
  readonly repeat: number
  readonly backend: BackendId
  readonly precision: 'float32' | 'float64'
  readonly keep: RunSettings['keep']
  /** SHA-256 (hex) of the files the run reads besides its data set (split, initial rows, recorded selections, features), by path as written */
  readonly files: Readonly<Record<string, string>>
  /** of the backbone that is fine-tuned: SHA-256 (hex) of its content, or, pre-trained for the study, of everything that decides its weights */
  readonly backboneSha256?: string
  readonly semanticsVersion: number
}

/** A run of the grid with its place in it. */
export interface PlannedRun {
  /**
   * Hash of the spec: the folder's name, and the key under which a finished run is reused. Two planned runs may share it (the
   * same method under two names, or reached by two factor levels): a host computes each hash once and lists it under both.
   */
  readonly hash: string
  readonly spec: RunSpec
  /** level of each ablated path (`cellOfLevel`); null where the factor cannot change this run */
  readonly factors: Readonly<Record<string, FactorValue>>
}

export type FindingSeverity = 'error' | 'warning' | 'note'

/** What the linter says about a study. */
export interface Finding {
  readonly code: string
  readonly severity: FindingSeverity
  /** place in the study file, e.g. `protocol.seeds` */
  readonly path: string
  readonly message: string
  /** what to do */
  readonly fix?: string
  /** line of the study file, from 1 */
  readonly line?: number
  readonly found?: string
  readonly expected?: string
  readonly nearest?: string
}
