import type { FeatureInfo, FeatureProgress } from '@contract/features'
import type { ImportPreview, ImportProgress, ImportResult } from '@contract/importing'
import type { ModelInfo, PretrainProgress } from '@contract/models'
import type { WireError } from '@contract/errorCodec'
import type { BackendId } from '@engine/nn/executor'
import type { RunEvent } from '@engine/study/events'
import type { MapFrame } from '@engine/maps/layout'
import type { BackendReport, DatasetFacts, LabelSet, NeighbourList, SampleSet, SplitInfo } from '@contract/types'
import type {
  AnimationRequest,
  ChooseRequest,
  ChoosingProgress,
  ChosenBatch,
  DatasetSource,
  FeatureAssignment,
  ImportAssignment,
  LabelsRequest,
  MapRequest,
  NeighboursRequest,
  PretrainAssignment,
  RunAssignment,
  SamplesRequest,
  SaveRequest,
  SplitRequest,
} from '../../lab/ports'

/** Host → job. Carriers clone structurally, so typed arrays travel as they are. */
export type ToJob =
  | { readonly type: 'run'; readonly assignment: RunAssignment }
  | { readonly type: 'cancel' }
  /** the last `round-ended` is on disk: go on */
  | { readonly type: 'stored' }
  | { readonly type: 'probe'; readonly backend: BackendId }
  | { readonly type: 'map'; readonly request: MapRequest }
  | { readonly type: 'samples'; readonly request: SamplesRequest }
  | { readonly type: 'neighbours'; readonly request: NeighboursRequest }
  | { readonly type: 'preview' | 'import'; readonly request: ImportAssignment }
  | { readonly type: 'labels'; readonly request: LabelsRequest }
  | { readonly type: 'facts'; readonly request: DatasetSource }
  | { readonly type: 'drawSplit'; readonly request: SplitRequest }
  | { readonly type: 'save'; readonly request: SaveRequest }
  | { readonly type: 'features'; readonly request: FeatureAssignment }
  | { readonly type: 'pretrain'; readonly request: PretrainAssignment }
  | { readonly type: 'animate'; readonly request: AnimationRequest }
  | { readonly type: 'choose'; readonly request: ChooseRequest }

/** Job → host. */
export type FromJob =
  | { readonly type: 'ready' }
  /** in order; the last one alone may end a round */
  | { readonly type: 'events'; readonly events: readonly RunEvent[] }
  | { readonly type: 'ended'; readonly error: WireError | null }
  | { readonly type: 'probed'; readonly report: BackendReport }
  | { readonly type: 'frame'; readonly frame: MapFrame }
  | { readonly type: 'samples'; readonly samples: SampleSet }
  | { readonly type: 'neighbours'; readonly list: NeighbourList }
  /** said every second of a long task: the process still answers */
  | { readonly type: 'alive' }
  | { readonly type: 'previewed'; readonly preview: ImportPreview }
  | { readonly type: 'importing'; readonly progress: ImportProgress }
  | { readonly type: 'imported'; readonly result: ImportResult }
  | { readonly type: 'labels'; readonly labels: LabelSet }
  | { readonly type: 'facts'; readonly facts: DatasetFacts }
  | { readonly type: 'drawn'; readonly split: SplitInfo }
  | { readonly type: 'saving'; readonly done: number }
  | { readonly type: 'makingFeatures'; readonly progress: FeatureProgress }
  | { readonly type: 'features'; readonly features: FeatureInfo }
  | { readonly type: 'pretraining'; readonly progress: PretrainProgress }
  | { readonly type: 'pretrained'; readonly model: ModelInfo }
  | { readonly type: 'animating'; readonly done: number }
  | { readonly type: 'choosing'; readonly progress: ChoosingProgress }
  | { readonly type: 'chosen'; readonly batch: ChosenBatch }
  | { readonly type: 'animated'; readonly bytes: Uint8Array }

/** A job's end of the line, whatever carries it. */
export interface JobChannel {
  send(message: FromJob): void
  onMessage(listener: (message: ToJob) => void): void
}

export interface JobExit {
  readonly code: number | null
  readonly signal: string | null
  /** what the process said last on stderr */
  readonly lastWords: string
}

/** A host's end: a child process with a message channel. */
export interface JobProcess {
  readonly pid: number | undefined
  send(message: ToJob): void
  onMessage(listener: (message: FromJob) => void): void
  /** Called once, when the process is gone. */
  onExit(listener: (exit: JobExit) => void): void
  /** Closes the channel; the job leaves by itself. */
  disconnect(): void
  kill(): void
}

/** The lines of stderr that tell what happened, without the native stack that follows them. */
export const lastLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^\d+: 0x|^-+ |^<---|^\[\d+:0x/.test(line))
    .slice(-5)
    .join('\n')
