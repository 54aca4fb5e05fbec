import type { ErrorDetails, ErrorCode } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import type { Memory } from '../strategies/contract'
import type { MetricId } from './spec'

/** What methods keep from round to round: the run's own as `strategy`, others as `shadow:<name>`. */
export type Memories = Readonly<Record<string, Memory>>

/** A row that was labelled, as selections.csv has it. */
export interface SelectedSample {
  readonly row: number
  readonly label: number
  readonly score: number | null
  /** what the model said before it was trained on the sample; null for the initial set */
  readonly predicted: number | null
  readonly confidence: number | null
}

export interface Timings {
  readonly trainMs: number
  readonly forwardMs: number
  readonly scoreMs: number
  readonly chooseMs: number
  readonly updateMs: number
  readonly evalMs: number
}

/**
 * The terms that the time of a run with a proxy is made of (A§12.6), in milliseconds. All but the last are active-learning time and sum
 * to the `trainMs`, `forwardMs`, `scoreMs`, `chooseMs` and `updateMs` of the round; the last is part of its `evalMs`.
 */
export interface ProxyTimings {
  readonly featureForwardMs: number
  readonly proxyTrainMs: number
  readonly proxyForwardMs: number
  readonly selectMs: number
  /** fine-tuning of check rounds */
  readonly checkTrainMs: number
  /** features of the rows that are compared, and their scores */
  readonly logmeMs: number
  readonly featureUpdateMs: number
  /** training of the model that is evaluated */
  readonly finalTrainMs: number
}

export interface ShadowOverlap {
  readonly shadow: string
  readonly jaccard: number
  /** rank correlation of the two score vectors; null when either method has no scores */
  readonly spearman: number | null
}

/** One round as it is stored: evaluation after `labeled` labels, then the batch queried from that state. */
export interface RoundRecord {
  readonly round: number
  readonly labeled: number
  readonly metrics: Readonly<Partial<Record<MetricId, number | null>>>
  readonly trainLoss: number | null
  readonly trainAccuracy: number | null
  readonly steps: number
  readonly epochs: number
  readonly lossCurve: readonly number[]
  /** the batch queried after this evaluation; empty in the last round */
  readonly selection: readonly SelectedSample[]
  readonly diversity: number | null
  readonly diversityCumulative: number | null
  readonly classEntropy: number | null
  readonly mode: string | null
  readonly overlap: readonly ShadowOverlap[]
  readonly diagnostics: Readonly<Record<string, number>>
  readonly timings: Timings
  /** of a run that chooses by a proxy */
  readonly proxyTimings?: ProxyTimings
}

export interface RunFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: ErrorDetails
}

/** What a run says while it goes on. Plain data; `seq` counts from 0 within a run. */
export type RunEvent = { readonly seq: number } & RunEventBody

export type RunEventBody =
  | {
      readonly type: 'run-started'
      readonly rounds: number
      readonly resumedFrom: number
      readonly initial: readonly SelectedSample[]
      readonly poolSize: number
      readonly testSize: number
    }
  | { readonly type: 'round-started'; readonly round: number; readonly labeled: number }
  | { readonly type: 'epoch'; readonly round: number; readonly epoch: number; readonly epochs: number; readonly loss: number }
  | { readonly type: 'evaluated'; readonly round: number; readonly labeled: number; readonly metrics: RoundRecord['metrics'] }
  /** arrays for the run folder; storage writes them before the round that follows */
  | { readonly type: 'artifact'; readonly name: string; readonly data: FloatArray | Int32Array; readonly shape: readonly number[] }
  /** what the next round starts from, written before the round's record: weights (none unless they carry over) and memories */
  | { readonly type: 'checkpoint'; readonly round: number; readonly weights: readonly FloatArray[]; readonly memories: Memories }
  | { readonly type: 'round-ended'; readonly record: RoundRecord }
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  /** where the queue put a run that is not computed now; never stored */
  | { readonly type: 'status'; readonly status: 'queued' | 'paused' }
  | { readonly type: 'run-ended'; readonly state: 'finished' | 'cancelled' | 'failed'; readonly error?: RunFailure }

/** The events that `events.jsonl` keeps. */
export const isStored = (event: RunEventBody): boolean =>
  event.type === 'run-started' || event.type === 'round-ended' || event.type === 'warning' || event.type === 'run-ended'

export type RunStatus = 'queued' | 'running' | 'paused' | 'finished' | 'cancelled' | 'failed'

/** A run as lists and charts need it; made from events by `reduceRun`, in the lab, the renderer, replay and tests alike. */
export interface RunState {
  readonly status: RunStatus
  readonly rounds: number
  /** completed rounds, in order */
  readonly records: readonly RoundRecord[]
  readonly initial: readonly SelectedSample[]
  readonly poolSize: number
  readonly testSize: number
  /** progress inside the round in flight */
  readonly epoch: { readonly round: number; readonly epoch: number; readonly epochs: number; readonly loss: number } | null
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
  readonly error: RunFailure | null
  readonly lastSeq: number
}

/** Where an interrupted run goes on. */
export interface ResumePoint {
  readonly initial: readonly SelectedSample[]
  readonly records: readonly RoundRecord[]
  /** weights after the last record's round, when `carry` or `shrink-perturb` needs them */
  readonly weights: readonly FloatArray[] | null
  /** what methods kept of the last record's round, when any does */
  readonly memories?: Memories
  /** first sequence number to use, one past the last that any listener saw; 0 when left out */
  readonly nextSeq?: number
}
