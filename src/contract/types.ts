import type { TidyRuns } from '@engine/analysis/tidy/readTidy'
import type { DatasetKind } from '@engine/data/dataset'
import type { Preparation } from './models'
import type { MapFrame } from '@engine/maps/layout'
import type { BackendId } from '@engine/nn/executor'
import type { RunState } from '@engine/study/events'
import type { FactorValue, Finding, MetricId, StatsSpec } from '@engine/study/spec'

export interface AppInfo {
  readonly version: string
  readonly transport: 'electron' | 'web'
  /** e.g. `Electron 45.4.1` or `Node 20.20.2` */
  readonly runtime: string
  readonly platform: string
  readonly workspace: string
  /** the backend `auto` resolves to, for the chip: `ONNX native · CPU × 2` */
  readonly backend: { readonly id: BackendId; readonly label: string; readonly device: string; readonly jobs: number }
}

export interface ProjectSummary {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly openedAt: string
  readonly dataset: string
  readonly strategies: readonly string[]
  /** method of each name, for its colour and marker; taken as equal to the name where left out */
  readonly strategyIds?: readonly string[]
  readonly lastRun: { readonly experiment: string; readonly at: string; readonly state: ExperimentSummary['state'] } | null
  /** mean accuracy of the best strategy by round of the last experiment */
  readonly sparkline: readonly number[]
  /** the study file is gone or damaged */
  readonly missing: boolean
  /** put away, out of the list of recent ones */
  readonly archived?: boolean
}

export interface WorkspaceState {
  readonly folder: string
  readonly projects: readonly ProjectSummary[]
  readonly active: string | null
  /** experiments a crash or a close interrupted, offered for continuing */
  readonly interrupted: readonly ExperimentSummary[]
}

export interface ExperimentSummary {
  readonly id: string
  readonly project: string
  readonly name: string
  readonly folder: string
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly state: 'running' | 'paused' | 'finished' | 'failed' | 'cancelled' | 'interrupted'
  readonly runs: number
  readonly finished: number
  readonly failed: number
  /** made elsewhere and only looked at */
  readonly readOnly?: boolean
  /** what ended it before its runs could end */
  readonly trouble?: string
}

export interface SnapshotRun {
  readonly hash: string
  readonly strategy: string
  readonly strategyId: string
  readonly dataset: string
  readonly seed: number
  readonly factors: Readonly<Record<string, FactorValue>>
  readonly state: RunState
}

/** An experiment as it is now; events after `batch` bring it up to date. */
export interface ExperimentSnapshot {
  readonly summary: ExperimentSummary
  readonly study: string
  readonly studyYaml: string
  /** `oracle`: looks at the true labels of the pool; `modelFree`: asks no trained model */
  readonly strategies: readonly { readonly name: string; readonly id: string; readonly oracle?: true; readonly modelFree?: true }[]
  readonly datasets: readonly {
    readonly name: string
    readonly rows: number
    readonly testRows: number
    readonly classes: number
    readonly classNames: readonly string[]
  }[]
  readonly factors: readonly string[]
  readonly metrics: readonly MetricId[]
  readonly stats: StatsSpec
  /** whether seeds split a data set anew; else they share one split */
  readonly splitVaries: boolean
  readonly backend: { readonly id: BackendId; readonly device: string }
  readonly runs: readonly SnapshotRun[]
  readonly batch: number
}

export interface PlanReport {
  readonly valid: boolean
  readonly runs: number
  readonly fits: number
  readonly estimatedSeconds: number
  readonly estimatedBytes: number
  readonly estimatedMemoryBytes: number
  readonly findings: readonly Finding[]
  /** runs by strategy and factor cell; `computed` were finished before and are reused */
  readonly grid: readonly {
    readonly strategy: string
    readonly strategyId: string
    readonly factors: Readonly<Record<string, FactorValue>>
    readonly seeds: number
    readonly computed: number
  }[]
}

export interface RecipeInfo {
  readonly id: string
  readonly title: string
  readonly paper: string
  readonly question: string
  /** what to look at in the results */
  readonly look: string
  readonly expect: string
  readonly dataset: string
  readonly estimatedSeconds: number
}

export interface DatasetInfo {
  readonly id: string
  readonly title: string
  readonly kind: DatasetKind
  readonly rows: number
  readonly testRows: number
  readonly classes: number
  readonly shape: readonly number[]
  readonly bytes: number
  readonly source: string
  readonly licence: string
  readonly sha256: string
  /** present on this machine; `fashion-mnist` in full may not be */
  readonly available: boolean
  /** brought by the user; can be removed */
  readonly imported?: boolean
  /** training rows without a label, where there are any */
  readonly unlabeled?: number
}

export interface BackendReport {
  readonly id: BackendId
  readonly usable: boolean
  readonly reason: string
  readonly device: string
  readonly threads: number
}

export interface DoctorReport {
  readonly versions: Readonly<Record<string, string>>
  readonly backends: readonly BackendReport[]
  readonly electron: { readonly installed: boolean; readonly reason: string }
  readonly display: { readonly available: boolean; readonly reason: string }
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number }
  readonly workspace: { readonly path: string; readonly writable: boolean; readonly reason: string }
}

export interface ExperimentProgress {
  readonly runs: number
  readonly finished: number
  readonly failed: number
  readonly running: number
  readonly paused: boolean
  /** rounds done over rounds to do, 0 … 1 */
  readonly fraction: number
  /** milliseconds to the end; null until it can be told */
  readonly etaMs: number | null
  /** e.g. `badge, seed 3, round 5/8` */
  readonly current: string
  /** what is made before the first run */
  readonly preparing?: Preparation
}

export interface QueueState extends ExperimentProgress {
  readonly experiment: string | null
  readonly experimentName: string
}

/** The queue when nothing runs. */
export const emptyQueue: QueueState = {
  experiment: null,
  experimentName: '',
  runs: 0,
  finished: 0,
  failed: 0,
  running: 0,
  paused: false,
  fraction: 0,
  etaMs: null,
  current: '',
}

/** A package that ships with the app. */
export interface Licence {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly text: string
}

export interface Notice {
  readonly id: string
  readonly at: string
  readonly severity: 'note' | 'warning' | 'error'
  readonly title: string
  readonly message: string
}

/** Runs of a table that was added to a comparison. */
export interface AddedResults {
  readonly table: string
  readonly name: string
  readonly results: TidyRuns
}

/** A program that runs of a study would start on this machine. */
export interface ExternalProgram {
  /** program and arguments */
  readonly command: readonly string[]
  /** the user has allowed it in this workspace */
  readonly confirmed: boolean
}

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark'
  readonly jobs: 'auto' | number
  readonly backend: 'auto' | BackendId
  /** gigabytes that imported data sets and caches may take; null or left out: no limit */
  readonly roomLimitGb?: number | null
}

export const animationFormats = ['gif', 'mp4', 'svg'] as const
export type AnimationFormat = (typeof animationFormats)[number]

/** Class of every row of a training array. */
export interface LabelSet {
  readonly classNames: readonly string[]
  readonly labels: Int32Array
}

/** Samples of a data set as they were given, or smaller where the question said so. */
export interface SampleSet {
  readonly kind: DatasetKind
  /** of one sample here: [d], [channels, steps] or [channels, height, width] */
  readonly shape: readonly number[]
  /** of one sample in the data set */
  readonly fullShape: readonly number[]
  /** of the values of a row, where they have some; as many as `shape` has values, or none */
  readonly valueNames: readonly string[]
  /** largest possible value, null when unbounded */
  readonly valueRange: number | null
  readonly classNames: readonly string[]
  readonly rows: readonly number[]
  readonly labels: readonly number[]
  /** rows × values, in the order of `rows`; empty where there are words instead */
  readonly values: Uint8Array | Float32Array
  /** the words of each row, for texts that were kept */
  readonly texts: readonly string[] | null
}

/** Rows of each class in the parts of a split. */
export interface SplitInfo {
  readonly name: string
  /** where it is on the host, for a study's `data.split`; empty while it is not kept */
  readonly path: string
  readonly train: readonly number[]
  readonly validation: readonly number[]
  /** all 0: the data set's own test array */
  readonly test: readonly number[]
}

/** What is known of a data set beyond its description. */
export interface DatasetFacts {
  readonly classNames: readonly string[]
  /** rows of each class */
  readonly train: readonly number[]
  readonly test: readonly number[]
  /** training rows without a label */
  readonly unlabeled: number
  /** values that are missing */
  readonly missing: number
  /** how it came here; null when it came with the app */
  readonly origin: {
    readonly importer: string
    readonly importedAt: string
    readonly files: readonly { readonly name: string; readonly bytes: number }[]
  } | null
  readonly splits: readonly SplitInfo[]
}

/** Nearest rows in the standardised inputs, nearest first. */
export interface NeighbourList {
  readonly rows: readonly number[]
  readonly distances: readonly number[]
}

/** What a run kept of one round; null where it kept nothing. */
export interface KeptRound {
  /** columns row, predicted, confidence, margin, entropy (nats): n × 5 */
  readonly outlook: Float32Array | null
  /** columns row, score: n × 2, by method; the run's own first, then its shadows */
  readonly scores: readonly { readonly name: string; readonly values: Float64Array }[]
}

export interface MapState {
  readonly map: string
  readonly rows: number
  /** the last frame so far; null before the first */
  readonly frame: MapFrame | null
}

export interface FileResult {
  readonly name: string
  readonly mime: string
  readonly bytes: Uint8Array
}

export const indexFormats = ['json', 'csv', 'npy', 'npz'] as const
export type IndexFormat = (typeof indexFormats)[number]

/** Which row numbers of an experiment: of all its runs, or of those that are named. */
export interface IndexRequest {
  readonly what: 'selections' | 'split' | 'initial'
  readonly format: IndexFormat
  readonly dataset?: string
  readonly strategy?: string
  readonly seed?: number
}

/** A figure as a file, with what belongs below and around it. */
export interface FigureResult extends FileResult {
  readonly caption: string
  /** a `figure` environment that includes the PDF */
  readonly latex: string
  readonly widthMm: number
  readonly heightMm: number
}

/** A table for papers that an experiment has. */
export interface PaperTableInfo {
  readonly id: string
  readonly title: string
}
