import { QuerentError } from '@engine/core/errors'
import type { RoundRecord, RunEvent, RunEventBody, RunState, RunStatus } from '@engine/study/events'
import { expandStudy } from '@engine/study/expand'
import { initialRunState, reduceRun } from '@engine/study/reduceRun'
import { parseStudy } from '@engine/study/schema'
import type { PlannedRun } from '@engine/study/spec'
import type { LabDependencies, ResultView } from '@main/lab/dependencies'
import type { Experiment, ExperimentOutcome, ExperimentRequest, Manifest } from '@main/lab/experiment'

type ExperimentProgress = ReturnType<Experiment['progress']>

const slots = 2
const epochs = 3

/** Experiments that compute nothing: their runs say what real ones would, one event at a time, when the test asks for it. */
export interface ExperimentTwins {
  readonly start: LabDependencies['experiments']['start']
  readonly open: LabDependencies['experiments']['open']
  readonly requests: readonly ExperimentRequest[]
  /** said by the next one that starts */
  warnings: string[]
  /** Holds back the next `start` from when it is `reached` until it is released. */
  hold(): { readonly reached: Promise<void>; release(): void }
  /** Every running run says its next `events`. */
  step(events?: number): void
  /** Plays until nothing is left to do. */
  finish(): void
  /** The first running run fails. */
  failOne(): void
  /** The folder cannot be written any more. */
  breakFolder(error: Error): void
  /** The lab's process dies: nothing more is heard; what was stored stays. */
  kill(): void
  state(hash: string): RunState
  readonly hashes: readonly string[]
}

interface Entry {
  readonly run: PlannedRun
  status: RunStatus
  state: RunState
  events: Generator<RunEventBody> | null
}
interface Folder {
  readonly manifest: Manifest
  readonly studyText: string
  readonly entries: readonly Entry[]
}

const recordOf = (round: number): RoundRecord => ({
  round,
  labeled: 6 + 3 * round,
  metrics: { accuracy: 0.5 + round / 10 },
  trainLoss: 0.1,
  trainAccuracy: 1,
  steps: 10,
  epochs,
  lossCurve: [1, 0.5, 0.1],
  selection: [],
  diversity: null,
  diversityCumulative: null,
  classEntropy: null,
  mode: null,
  overlap: [],
  diagnostics: {},
  timings: { trainMs: 1, forwardMs: 1, scoreMs: 1, chooseMs: 1, updateMs: 1, evalMs: 1 },
})

function* eventsOf(run: PlannedRun, from: number): Generator<RunEventBody> {
  const { rounds } = run.spec.strategy
  yield { type: 'run-started', rounds, resumedFrom: from, initial: [], poolSize: 100, testSize: 50 }
  for (let round = from; round <= rounds; round++) {
    yield { type: 'round-started', round, labeled: 6 + 3 * round }
    for (let epoch = 1; epoch <= epochs; epoch++) yield { type: 'epoch', round, epoch, epochs, loss: 1 / epoch }
    yield { type: 'warning', code: 'undertrained', message: `round ${round}` }
    yield { type: 'evaluated', round, labeled: 6 + 3 * round, metrics: {} }
    yield { type: 'round-ended', record: recordOf(round) }
  }
  yield { type: 'run-ended', state: 'finished' }
}

export function createExperimentTwins(): ExperimentTwins {
  const folders = new Map<string, Folder>()
  const requests: ExperimentRequest[] = []
  let held: { reached(): void; readonly released: Promise<void> } | null = null
  let running: {
    readonly folder: Folder
    tell(entry: Entry, body: RunEventBody): void
    pump(): void
    reject(error: Error): void
  } | null = null

  function folderFor({ outDir, studyText, studyPath }: ExperimentRequest): Folder {
    const study = parseStudy(studyText, { file: studyPath })
    const dataset = { name: 'wine', ref: 'wine', sha256: '0'.repeat(64), rows: 100, testRows: 50, classes: 3, classNames: ['a', 'b', 'c'] }
    const plan = expandStudy(study, { backend: 'reference', precision: 'float64', datasets: [dataset] })
    const known = folders.get(outDir)
    const entries = plan.map((run): Entry => {
      const stored = known?.entries.find((entry) => entry.run.hash === run.hash)
      if (stored?.status === 'finished') return { ...stored, run }
      return {
        run,
        status: 'queued',
        state: { ...(stored ? onDisk(stored) : initialRunState), status: 'queued', error: null },
        events: null,
      }
    })
    const manifest: Manifest = {
      format: 1,
      study,
      studyName: study.study,
      base: '.',
      datasets: [dataset],
      files: {},
      semanticsVersion: 1,
      version: '0.0.0',
      backend: 'reference',
      device: 'CPU',
      threads: 1,
      precision: 'float64',
      seeds: study.protocol.seeds,
      command: 'test',
      shard: null,
      runs: plan.map(({ hash, spec, factors }) => ({
        hash,
        strategy: spec.strategy.name,
        seed: spec.repeat,
        dataset: spec.datasetName,
        factors,
      })),
      resultHash: null,
    }
    const folder = { manifest, studyText, entries }
    folders.set(outDir, folder)
    return folder
  }

  async function start(request: ExperimentRequest): Promise<Experiment> {
    held?.reached()
    await held?.released
    requests.push(request)
    const folder = folderFor(request)
    const { entries, manifest } = folder
    const listeners = {
      event: new Set<(hash: string, event: RunEvent) => void>(),
      progress: new Set<(progress: ExperimentProgress) => void>(),
    }
    let settle: { resolve: (outcome: ExperimentOutcome) => void; reject: (error: Error) => void }
    const done = new Promise<ExperimentOutcome>((resolve, reject) => (settle = { resolve, reject }))
    const count = (status: RunStatus): number => entries.filter((entry) => entry.status === status).length
    const progress = (): ExperimentProgress => ({
      runs: entries.length,
      finished: count('finished'),
      failed: count('failed'),
      running: count('running'),
      paused: count('paused') > 0,
      fraction: count('finished') / entries.length,
      etaMs: null,
      current: '',
    })
    const tell = (entry: Entry, body: RunEventBody): void => {
      const event = { ...body, seq: entry.state.lastSeq + 1 }
      entry.state = reduceRun(entry.state, event)
      if (body.type === 'run-ended' || body.type === 'status') entry.status = entry.state.status
      for (const listener of listeners.event) listener(entry.run.hash, event)
    }
    const pump = (): void => {
      if (running?.folder !== folder) return // it has ended
      for (const entry of entries) {
        if (entry.status !== 'queued' || count('running') >= slots) continue
        entry.status = 'running'
        entry.events = eventsOf(entry.run, entry.state.records.length)
      }
      for (const listener of listeners.progress) listener(progress())
      if (count('queued') + count('paused') + count('running') > 0) return
      running = null
      settle.resolve({
        out: request.outDir,
        runs: entries.length,
        reused: 0,
        failed: count('failed'),
        cancelled: count('cancelled') > 0,
        resultHash: null,
      })
    }
    const some = (hashes: readonly string[] | undefined, statuses: readonly RunStatus[]): Entry[] =>
      entries.filter(({ run, status }) => statuses.includes(status) && (hashes === undefined || hashes.includes(run.hash)))
    running = { folder, tell, pump, reject: (error) => settle.reject(error) }
    setImmediate(pump)
    return {
      outDir: request.outDir,
      manifest,
      plan: entries.map(({ run }) => run),
      warnings: twins.warnings.splice(0),
      state: (hash) => stateIn(folder, hash),
      progress,
      onEvent: (listener) => {
        listeners.event.add(listener)
        return () => listeners.event.delete(listener)
      },
      onProgress: (listener) => {
        listeners.progress.add(listener)
        return () => listeners.progress.delete(listener)
      },
      pause: (hashes) => {
        for (const entry of some(hashes, ['queued', 'running'])) tell(entry, { type: 'status', status: 'paused' })
        pump()
      },
      resume: (hashes) => {
        for (const entry of some(hashes, ['paused'])) tell(entry, { type: 'status', status: 'queued' })
        pump()
      },
      cancel: (hashes) => {
        for (const entry of some(hashes, ['queued', 'running', 'paused'])) tell(entry, { type: 'run-ended', state: 'cancelled' })
        pump()
      },
      retry: (hashes) => {
        for (const entry of some(hashes, ['failed', 'cancelled'])) tell(entry, { type: 'status', status: 'queued' })
        pump()
      },
      done,
    }
  }

  const twins: ExperimentTwins = {
    requests,
    warnings: [],
    start,
    open: async (dir): Promise<ResultView> => {
      const folder = folders.get(dir)
      if (!folder) throw new QuerentError('not-found', 'this is not a result folder: it has no manifest.json', { file: dir })
      const { manifest, studyText, entries } = folder
      return {
        manifest,
        studyText,
        plan: entries.map(({ run }) => run),
        state: (hash) => onDisk(entries.find(({ run }) => run.hash === hash)!),
      }
    },
    hold: () => {
      let release = (): void => {}
      let reach = (): void => {}
      const reached = new Promise<void>((resolve) => (reach = resolve))
      held = { reached: () => reach(), released: new Promise((resolve) => (release = resolve)) }
      return { reached, release: () => release() }
    },
    step: (events = 1) => {
      for (let i = 0; i < events && running; i++) {
        for (const entry of running.folder.entries) {
          if (entry.status !== 'running') continue
          const next = entry.events?.next()
          if (next && !next.done) running.tell(entry, next.value)
        }
        running.pump()
      }
    },
    finish: () => {
      while (running) twins.step()
    },
    failOne: () => {
      const entry = running?.folder.entries.find(({ status }) => status === 'running')
      if (!entry || !running) return
      running.tell(entry, { type: 'run-ended', state: 'failed', error: { code: 'job-crashed', message: 'the job process died' } })
      running.pump()
    },
    breakFolder: (error) => {
      const broken = running
      running = null
      broken?.reject(error)
    },
    kill: () => {
      for (const entry of running?.folder.entries ?? []) {
        if (entry.status === 'finished') continue
        entry.status = 'queued'
        entry.state = { ...entry.state, status: 'queued', epoch: null }
      }
      running = null
    },
    state: (hash) => {
      const [folder] = [...folders.values()].slice(-1)
      return stateIn(folder, hash)
    },
    get hashes() {
      return [...folders.values()].at(-1)?.entries.map(({ run }) => run.hash) ?? []
    },
  }
  return twins
}

/** A run that never began left nothing behind. */
const onDisk = ({ state }: Entry): RunState => (state.rounds === 0 && state.error === null ? initialRunState : { ...state, epoch: null })

function stateIn({ entries }: Folder, hash: string): RunState {
  const entry = entries.find(({ run }) => run.hash === hash)
  return entry ? { ...entry.state, status: entry.status } : initialRunState
}
