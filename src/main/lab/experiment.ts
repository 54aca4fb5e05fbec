import type { ExperimentProgress } from '@contract/types'
import type { BackendId } from '@engine/nn/executor'
import type { RunEvent, RunState } from '@engine/study/events'
import type { DatasetRef, FactorValue, PlannedRun, Study } from '@engine/study/spec'

/** What the user asked to run; the same request serves `querent run` and the app. */
export interface ExperimentRequest {
  /** study file byte for byte */
  readonly studyText: string
  /** where relative paths of the study start, and the name errors use */
  readonly studyPath: string
  readonly outDir: string
  readonly backend?: 'auto' | BackendId
  readonly jobs?: number
  /** `path=value` overrides, already parsed */
  readonly overrides?: readonly (readonly [path: string, value: unknown])[]
  readonly shard?: { readonly index: number; readonly count: number }
  /** other result folders whose finished runs are copied instead of computed again */
  readonly reuseFrom?: readonly string[]
  /** command line for the manifest */
  readonly command: string
  /** A new folder stays although what its runs need could not be made: it is listed, and tried again. */
  readonly isListed?: boolean
}

export interface Manifest {
  readonly format: 1
  /** resolved: every default filled in, overrides applied */
  readonly study: Study
  readonly studyName: string
  /** from the result folder to the folder that the study's relative paths start in, with `/` */
  readonly base: string
  readonly datasets: readonly {
    readonly name: string
    readonly ref: DatasetRef
    readonly sha256: string
    readonly rows: number
    readonly testRows: number
    readonly classes: number
    readonly classNames: readonly string[]
  }[]
  /** SHA-256 (hex) of the other files the runs read, by path as the study writes it */
  readonly files: Readonly<Record<string, string>>
  /** what identifies each backbone that was fine-tuned, by how the study writes it: SHA-256 (hex) of its content, or of what it was pre-trained by */
  readonly backbones?: Readonly<Record<string, string>>
  /** SHA-256 (hex) of the weights of those that were pre-trained for the study */
  readonly pretrained?: Readonly<Record<string, string>>
  readonly semanticsVersion: number
  readonly version: string
  readonly backend: BackendId
  readonly device: string
  readonly threads: number
  readonly precision: 'float32' | 'float64'
  readonly seeds: number
  readonly command: string
  readonly shard: { readonly index: number; readonly count: number } | null
  /** every run of the (sharded) grid, in order */
  readonly runs: readonly {
    readonly hash: string
    readonly strategy: string
    readonly seed: number
    readonly dataset: string
    readonly factors: Readonly<Record<string, FactorValue>>
  }[]
  /** hash over all finished runs' results without time columns; null until every run is finished */
  readonly resultHash: string | null
}

export interface ExperimentOutcome {
  readonly out: string
  readonly runs: number
  readonly reused: number
  readonly failed: number
  readonly cancelled: boolean
  readonly resultHash: string | null
}

/** A running or finished experiment. `runs` empty or absent in a command means all. */
export interface Experiment {
  readonly outDir: string
  readonly manifest: Manifest
  readonly plan: readonly PlannedRun[]
  /** what the user should know before it runs: damaged files set aside, runs of another backend not reused, findings */
  readonly warnings: readonly string[]
  state(hash: string): RunState
  progress(): ExperimentProgress
  /** Every event of every run, as it happens; returns the unsubscriber. */
  onEvent(listener: (hash: string, event: RunEvent) => void): () => void
  onProgress(listener: (progress: ExperimentProgress) => void): () => void
  pause(runs?: readonly string[]): void
  resume(runs?: readonly string[]): void
  cancel(runs?: readonly string[]): void
  retry(runs?: readonly string[]): void
  /**
   * Resolves when no run is left to do; the folder's CSVs are complete then and its lock is free: to retry later, start the
   * same request again. Rejects when the folder cannot be written any more (`disk-full`); what was computed stays.
   */
  readonly done: Promise<ExperimentOutcome>
}
