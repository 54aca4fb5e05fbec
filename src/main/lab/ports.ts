import type { FeatureInfo, FeatureProgress } from '@contract/features'
import type { ImportMapping, ImportPreview, ImportProgress, ImportResult } from '@contract/importing'
import type { ModelInfo, PretrainProgress } from '@contract/models'
import type { FloatArray } from '@engine/core/matrix'
import type { BackendId } from '@engine/nn/executor'
import type { LabellingAnswer, LabellingRequest } from '@engine/labelling/round'
import type { ResumePoint, RunEvent } from '@engine/study/events'
import type { MapFrame, MapMethod } from '@engine/maps/layout'
import type { DatasetRef, PlannedRun, PretrainSpec, RunSpec } from '@engine/study/spec'
import type { SplitDraw } from '@contract/commands'
import type { AnimationFormat, DatasetFacts, LabelSet, NeighbourList, SampleSet, SplitInfo } from '@contract/types'
import type { SelectionMap } from '@figures/selectionMap'
import type { Manifest } from './experiment'

/** One run handed to a job process. Big arrays travel as files, not in messages. */
export interface RunAssignment {
  readonly hash: string
  readonly spec: RunSpec
  /** folder that relative data set paths start from */
  readonly baseDir: string
  /** where the job writes the run's arrays (`artifact` and `checkpoint` events, which it does not send) */
  readonly folder: string
  readonly resume: ResumePoint | null
}

/** A job process: one run at a time, reused for the next. */
export interface Job {
  readonly pid: number | undefined
  /**
   * Resolves when the run has ended by itself (finished, failed or cancelled); rejects with `job-crashed` when the process dies.
   * The job waits at each `round-ended` until the listener's promise has resolved, so a stored round is never behind its weights.
   */
  run(assignment: RunAssignment, onEvent: (event: RunEvent) => void | Promise<void>): Promise<void>
  /** Asks the run to stop at its next safe point; killed after a grace period. */
  cancel(): void
  dispose(): Promise<void>
}

/** A data set as a run names it. */
export interface DatasetSource {
  readonly dataset: DatasetRef
  readonly datasetName: string
  readonly datasetSha256: string
  /** folder that relative data set paths start from */
  readonly baseDir: string
}

export type MapRequest = DatasetSource & { readonly method: MapMethod; readonly seed: number }

export type LabelsRequest = DatasetSource & { readonly part?: 'train' | 'test' }

export type SamplesRequest = LabelsRequest & {
  readonly rows: readonly number[]
  readonly within?: number
}

/** A split to be made of the training array; `keep` names it in the library. */
export type SplitRequest = DatasetSource & { readonly draw: SplitDraw; readonly keep: string | null }

/** A data set of the library to be written as one file, whose ending says the format. */
export type SaveRequest = DatasetSource & { readonly file: string }

/** What to make of the choices of runs: one file, the frames as SVG being zipped. */
export interface AnimationRequest {
  readonly map: SelectionMap
  readonly format: AnimationFormat
  readonly widthPx: number
  readonly roundMs: number
}

export type NeighboursRequest = DatasetSource & {
  readonly row: number
  readonly among: readonly number[]
  readonly k: number
}

/** A process that looks at data sets, one question at a time; it keeps the last set it read. */
export interface Viewer {
  /** Frames as they come; the last has every row of the training array. Rejects with `cancelled` when stopped. */
  map(request: MapRequest, onFrame: (frame: MapFrame) => void): Promise<void>
  samples(request: SamplesRequest): Promise<SampleSet>
  labels(request: LabelsRequest): Promise<LabelSet>
  /** Of a data set of the library. */
  facts(request: DatasetSource): Promise<DatasetFacts>
  drawSplit(request: SplitRequest): Promise<SplitInfo>
  neighbours(request: NeighboursRequest): Promise<NeighbourList>
  /** `onProgress` hears 0 … 1. */
  animate(request: AnimationRequest, onProgress: (done: number) => void): Promise<Uint8Array>
  dispose(): Promise<void>
}

/** What an import is given: absolute paths, and what is what in them. */
export interface ImportAssignment {
  readonly paths: readonly string[]
  readonly mapping: ImportMapping
}

/** A process that reads files into the data library and writes files of it; `dispose` stops it at once. */
export interface ImportingJob {
  preview(request: ImportAssignment): Promise<ImportPreview>
  import(request: ImportAssignment, onProgress: (progress: ImportProgress) => void): Promise<ImportResult>
  /** `onProgress` hears 0 … 1. */
  save(request: SaveRequest, onProgress: (done: number) => void): Promise<void>
  dispose(): Promise<void>
}

/** What a session knows for its next batch; `folder` is the session's, paths of the study start at `baseDir`. */
export interface ChooseRequest extends Omit<LabellingRequest, 'state'> {
  readonly baseDir: string
  readonly folder: string
}

export type ChosenBatch = Omit<LabellingAnswer, 'state'>

/** Epochs of the fit so far. */
export interface ChoosingProgress {
  readonly epoch: number
  readonly epochs: number
}

/** A process that chooses what to label next; `dispose` stops it at once. */
export interface ChoosingJob extends Pick<Viewer, 'labels' | 'dispose'> {
  choose(request: ChooseRequest, onProgress: (progress: ChoosingProgress) => void): Promise<ChosenBatch>
}

/** What to make features of; paths are absolute. */
export interface FeatureAssignment extends DatasetSource {
  /** name in the store; of the file or network when left out */
  readonly name?: string
  readonly from:
    | { readonly type: 'file'; readonly file: string; readonly reference: string }
    | { readonly type: 'onnx'; readonly model: string; readonly tokenizer?: string; readonly settings: Readonly<Record<string, unknown>> }
    | { readonly type: 'backbone'; readonly backboneSha256: string; readonly backend: BackendId }
}

/** A process that brings features into the feature store; `dispose` stops it at once, and the next one goes on where it was. */
export interface FeatureJob {
  features(request: FeatureAssignment, onProgress: (progress: FeatureProgress) => void): Promise<FeatureInfo>
  dispose(): Promise<void>
}

/** A backbone to be pre-trained: on which source, by what, and under which name it goes into the model library. */
export interface PretrainAssignment extends DatasetSource {
  readonly spec: PretrainSpec
  readonly backend: BackendId
  readonly name: string
  /** whether another name will not do */
  readonly isWanted: boolean
  /** hash of all that decides the weights */
  readonly key: string
}

/** A process that pre-trains a backbone into the model library; `dispose` stops it at once and leaves nothing behind. */
export interface PretrainJob {
  pretrain(request: PretrainAssignment, onProgress: (progress: PretrainProgress) => void): Promise<ModelInfo>
  dispose(): Promise<void>
}

/** Starts job processes; `child_process.fork` headless, `utilityProcess.fork` through Electron's main. */
export interface JobSpawner {
  spawn(): Promise<Job & FeatureJob & PretrainJob>
}

export type Weights = readonly FloatArray[]

export interface Clock {
  now(): Date
  /** monotonic milliseconds */
  ticks(): number
}

/** A machine that was probed and works. */
export interface ResolvedBackend {
  readonly id: BackendId
  readonly device: string
  readonly threads: number
  readonly precision: 'float32' | 'float64'
}

/** Chooses machines. A backend asked for by name is that one or `backend-unavailable`, never another. */
export interface BackendResolver {
  resolve(wanted: 'auto' | BackendId): Promise<ResolvedBackend>
}

/** What a run's folder holds. */
export interface StoredRun {
  readonly events: readonly RunEvent[]
  readonly finished: boolean
}

/** An open run folder; the lab's only way to write one. */
export interface RunWriter {
  readonly folder: string
  /** where the run goes on, null for a fresh one */
  readonly resume: ResumePoint | null
  /**
   * Stores what `isStored` says: safe from a killed process when the promise resolves, from a power cut once the next round's has.
   * A finished run's summary is written with its last event.
   */
  append(event: RunEvent): Promise<void>
  close(): Promise<void>
}

/** A result folder as it was found. Reading changes nothing on disk. */
export interface StoredResults {
  readonly dir: string
  readonly manifest: Manifest
  readonly studyText: string
  readRun(hash: string): Promise<StoredRun>
  readSpec(hash: string): Promise<RunSpec>
}

/** A result folder owned by this process until `close`. */
export interface ResultFolder {
  readonly dir: string
  /** what the folder held when it was opened */
  readonly manifest: Manifest | null
  /** trouble that was mended on the way: damaged files set aside */
  readonly warnings: readonly string[]
  writeManifest(manifest: Manifest): Promise<void>
  writeStudy(text: string): Promise<void>
  /** A damaged run is set aside with a warning and counts as never computed. */
  readRun(hash: string): Promise<StoredRun>
  openRun(run: PlannedRun): Promise<RunWriter>
  /** Copies a run from another result folder unless this one has got as far; resolves to whether it did. */
  adoptRun(hash: string, from: string): Promise<boolean>
  /** CSV texts by file name. */
  writeTables(tables: Readonly<Record<string, string>>): Promise<void>
  close(): Promise<void>
  /** Closes a folder that was new and has no runs, and takes back what was written. */
  discard(): Promise<void>
}

export interface ResultStore {
  /**
   * Creates or opens a folder for writing. `accept` sees what is there (null in a new folder) and may refuse by throwing; then
   * nothing is left behind. Throws `locked`, `not-writable` or `bad-input` (a folder with other things in it).
   */
  open(dir: string, accept: (found: Manifest | null) => void): Promise<ResultFolder>
  view(dir: string): Promise<StoredResults>
}
