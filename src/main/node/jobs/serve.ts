import type { FeatureInfo, FeatureProgress } from '@contract/features'
import type { ModelInfo, PretrainProgress } from '@contract/models'
import type { ImportPreview, ImportProgress, ImportResult } from '@contract/importing'
import type { BackendReport, DatasetFacts, LabelSet, NeighbourList, SampleSet, SplitInfo } from '@contract/types'
import { encodeError } from '@contract/errorCodec'
import type { BackendId } from '@engine/nn/executor'
import type { RunEvent } from '@engine/study/events'
import type { MapFrame } from '@engine/maps/layout'
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
import type { JobChannel } from './protocol'

/** What a job can do; one of these lives as long as the process and keeps its backend and data set from run to run. */
export interface Worker {
  /** Computes a run; `emit` resolves when the next event may come. Resolves after `run-ended`. */
  run(assignment: RunAssignment, emit: (event: RunEvent) => Promise<void>, signal: AbortSignal): Promise<void>
  probe(backend: BackendId): Promise<BackendReport>
  map(request: MapRequest, emit: (frame: MapFrame) => void, signal: AbortSignal): Promise<void>
  samples(request: SamplesRequest): Promise<SampleSet>
  labels(request: LabelsRequest): Promise<LabelSet>
  facts(request: DatasetSource): Promise<DatasetFacts>
  drawSplit(request: SplitRequest): Promise<SplitInfo>
  save(request: SaveRequest, onProgress: (done: number) => void): Promise<void>
  neighbours(request: NeighboursRequest): Promise<NeighbourList>
  animate(request: AnimationRequest, onProgress: (done: number) => void): Promise<Uint8Array>
  choose(request: ChooseRequest, onProgress: (progress: ChoosingProgress) => void, signal: AbortSignal): Promise<ChosenBatch>
  pretrain(request: PretrainAssignment, onProgress: (progress: PretrainProgress) => void, signal: AbortSignal): Promise<ModelInfo>
  features(request: FeatureAssignment, onProgress: (progress: FeatureProgress) => void, signal: AbortSignal): Promise<FeatureInfo>
  preview(request: ImportAssignment): Promise<ImportPreview>
  import(request: ImportAssignment, onProgress: (progress: ImportProgress) => void): Promise<ImportResult>
}

const aliveEveryMs = 1_000
/** Epochs of a small network take a millisecond or two: a message for each would be a noticeable part of the job's time. */
const epochsEveryMs = 50

/** Answers a host's messages with a worker. */
export function serveJob(channel: JobChannel, worker: Worker): void {
  let cancel: AbortController | null = null
  let stored: (() => void) | null = null

  let held: RunEvent[] = []
  let sentAt = 0

  const emit = (event: RunEvent): Promise<void> => {
    held.push(event)
    const now = performance.now()
    if (event.type === 'epoch' && now - sentAt < epochsEveryMs) return Promise.resolve()
    channel.send({ type: 'events', events: held })
    held = []
    sentAt = now
    if (event.type !== 'round-ended') return Promise.resolve()
    return new Promise((resolve) => (stored = resolve))
  }
  const ends = (work: Promise<void>): void =>
    void work.then(
      () => channel.send({ type: 'ended', error: null }),
      (error: unknown) => channel.send({ type: 'ended', error: encodeError(error) }),
    )
  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const beat = setInterval(() => channel.send({ type: 'alive' }), aliveEveryMs)
    try {
      return await work
    } finally {
      clearInterval(beat)
    }
  }
  channel.onMessage((message) => {
    switch (message.type) {
      case 'run':
        cancel = new AbortController()
        held = []
        ends(worker.run(message.assignment, emit, cancel.signal))
        return
      case 'map':
        cancel = new AbortController()
        ends(worker.map(message.request, (frame) => channel.send({ type: 'frame', frame }), cancel.signal))
        return
      case 'samples':
        ends(worker.samples(message.request).then((samples) => channel.send({ type: 'samples', samples })))
        return
      case 'labels':
        ends(worker.labels(message.request).then((labels) => channel.send({ type: 'labels', labels })))
        return
      case 'save':
        ends(worker.save(message.request, (done) => channel.send({ type: 'saving', done })))
        return
      case 'facts':
        ends(worker.facts(message.request).then((facts) => channel.send({ type: 'facts', facts })))
        return
      case 'drawSplit':
        ends(worker.drawSplit(message.request).then((split) => channel.send({ type: 'drawn', split })))
        return
      case 'neighbours':
        ends(worker.neighbours(message.request).then((list) => channel.send({ type: 'neighbours', list })))
        return
      case 'animate': {
        const onProgress = (done: number): void => channel.send({ type: 'animating', done })
        ends(worker.animate(message.request, onProgress).then((bytes) => channel.send({ type: 'animated', bytes })))
        return
      }
      case 'choose': {
        cancel = new AbortController()
        const onProgress = (progress: ChoosingProgress): void => channel.send({ type: 'choosing', progress })
        ends(worker.choose(message.request, onProgress, cancel.signal).then((batch) => channel.send({ type: 'chosen', batch })))
        return
      }
      case 'pretrain': {
        const onProgress = (progress: PretrainProgress): void => channel.send({ type: 'pretraining', progress })
        cancel = new AbortController()
        ends(worker.pretrain(message.request, onProgress, cancel.signal).then((model) => channel.send({ type: 'pretrained', model })))
        return
      }
      case 'features': {
        cancel = new AbortController()
        const onProgress = (progress: FeatureProgress): void => channel.send({ type: 'makingFeatures', progress })
        ends(worker.features(message.request, onProgress, cancel.signal).then((features) => channel.send({ type: 'features', features })))
        return
      }
      case 'preview':
        ends(alive(worker.preview(message.request)).then((preview) => channel.send({ type: 'previewed', preview })))
        return
      case 'import': {
        const onProgress = (progress: ImportProgress): void => channel.send({ type: 'importing', progress })
        ends(alive(worker.import(message.request, onProgress)).then((result) => channel.send({ type: 'imported', result })))
        return
      }
      case 'cancel':
        cancel?.abort()
        stored?.()
        return
      case 'stored':
        stored?.()
        return
      case 'probe':
        void worker.probe(message.backend).then((report) => channel.send({ type: 'probed', report }))
    }
  })
  channel.send({ type: 'ready' })
}
