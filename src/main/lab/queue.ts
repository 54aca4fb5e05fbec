import { QuerentError } from '@engine/core/errors'
import { isStored, type RunEvent, type RunEventBody, type RunFailure } from '@engine/study/events'
import { reduceRun } from '@engine/study/reduceRun'
import type { Preparation } from '@contract/models'
import type { ExperimentProgress } from '@contract/types'
import type { Clock, Job, JobSpawner, ResultFolder } from './ports'
import { createProgressMeter, type Tracked } from './progress'

const progressEveryMs = 100

export interface QueueOptions {
  readonly entries: readonly Tracked[]
  readonly folder: ResultFolder
  readonly spawner: JobSpawner
  readonly clock: Clock
  /** where the relative paths of the study start */
  readonly baseDir: string
  /** runs at a time */
  readonly slots: number
  /** Makes what the runs need before the first of them starts; `tell` hears what it is at. Called again when a stop ended it. */
  readonly prepare?: (tell: (step: Preparation) => void, signal: AbortSignal) => Promise<void>
}

/** Runs at most `slots` entries at a time, each in a job process that is reused for the next. */
export interface Queue {
  start(): void
  progress(): ExperimentProgress
  onEvent(listener: (hash: string, event: RunEvent) => void): () => void
  onProgress(listener: (progress: ExperimentProgress) => void): () => void
  pause(hashes?: readonly string[]): void
  resume(hashes?: readonly string[]): void
  cancel(hashes?: readonly string[]): void
  retry(hashes?: readonly string[]): void
  /** Resolves when no entry is queued, paused or running; rejects when the folder cannot be written any more. */
  readonly idle: Promise<void>
}

interface Entry extends Tracked {
  readonly hash: string
  job: Job | null
  /** what to do at the next round's end (pause) or as soon as possible (cancel) */
  stop: 'pause' | 'cancel' | null
}

export function createQueue({ entries: tracked, folder, spawner, clock, baseDir, slots, prepare }: QueueOptions): Queue {
  const entries = tracked.map((entry): Entry => Object.assign(entry, { hash: entry.run.hash, job: null, stop: null }))
  // Repeat by repeat, so that every strategy's first curve is there early.
  const order = entries.toSorted((a, b) => a.run.spec.repeat - b.run.spec.repeat)
  const listeners = {
    event: new Set<(hash: string, event: RunEvent) => void>(),
    progress: new Set<(progress: ExperimentProgress) => void>(),
  }
  const meter = createProgressMeter()
  const free: Job[] = []
  let active = 0
  let started = false
  let isReady = prepare === undefined
  let preparing: { readonly abort: AbortController; step?: Preparation } | null = null
  let fatal: QuerentError | null = null
  let settle: { resolve: () => void; reject: (error: Error) => void }
  const idle = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  idle.catch(() => undefined) // whoever awaits it hears of it

  let shownAt = -Infinity
  const progress = (): ExperimentProgress => {
    const isPaused = entries.some(({ status, stop }) => status === 'paused' || stop === 'pause')
    const { current, ...rest } = meter.progress(entries, slots, isPaused)
    const step = preparing?.step
    return step === undefined ? { ...rest, current } : { ...rest, current: `${step.what}, ${step.detail}`, preparing: step }
  }
  const showProgress = (force: boolean): void => {
    const now = clock.ticks()
    if (!force && now - shownAt < progressEveryMs) return
    shownAt = now
    const current = progress()
    for (const listener of listeners.progress) listener(current)
  }
  const tell = (entry: Entry, event: RunEvent): void => {
    entry.state = reduceRun(entry.state, event)
    for (const listener of listeners.event) listener(entry.hash, event)
  }
  const setStatus = (entry: Entry, status: Tracked['status']): void => {
    entry.status = status
    showProgress(true)
  }
  /** Puts a run aside or back in line; clients hear of it, since the run itself says nothing. */
  const place = (entry: Entry, status: 'queued' | 'paused'): void => {
    entry.status = status
    tell(entry, { type: 'status', status, seq: nextSeq(entry) })
  }
  const select = (hashes: readonly string[] | undefined): Entry[] => {
    if (hashes === undefined || hashes.length === 0) return entries
    const wanted = new Set(hashes)
    return entries.filter(({ hash }) => wanted.has(hash))
  }

  const getReady = async (): Promise<void> => {
    const own: NonNullable<typeof preparing> = { abort: new AbortController() }
    preparing = own
    try {
      await prepare?.((step) => {
        const isNext = step.what !== own.step?.what
        own.step = step
        showProgress(isNext)
      }, own.abort.signal)
      isReady = true
    } catch (error) {
      if (!own.abort.signal.aborted) abandon(own.step === undefined ? error : withWhat(error, own.step.what))
    } finally {
      preparing = null
    }
    pump()
  }

  const pump = (): void => {
    if (!started || preparing !== null) return
    if (!isReady && fatal === null && entries.some(({ status }) => status === 'queued')) return void getReady()
    while (fatal === null && active < slots) {
      const next = order.find(({ status }) => status === 'queued')
      if (next === undefined) break
      active++
      next.stop = null
      setStatus(next, 'running')
      void compute(next).finally(() => {
        active--
        pump()
      })
    }
    const left = fatal === null && entries.some(({ status }) => status === 'queued' || status === 'paused')
    if (active > 0 || left) return
    started = false
    showProgress(true)
    void Promise.all(free.splice(0).map((job) => job.dispose())).then(() => (fatal === null ? settle.resolve() : settle.reject(fatal)))
  }

  async function compute(entry: Entry): Promise<void> {
    try {
      const writer = await folder.openRun(entry.run)
      try {
        await runJob(entry, writer)
      } finally {
        await writer.close()
      }
    } catch (error) {
      abandon(error)
    }
  }

  async function runJob(entry: Entry, writer: Awaited<ReturnType<ResultFolder['openRun']>>): Promise<void> {
    let roundStart = clock.ticks()
    let ended = false
    const take = async (told: RunEventBody): Promise<void> => {
      // Numbered here: a run that is continued or started again goes on counting, and listeners ignore numbers they have seen.
      const event = { ...told, seq: nextSeq(entry) }
      if (event.type === 'run-ended') {
        ended = true
        return endRun(entry, writer, event)
      }
      const plain = isStored(event) ? asStored(event) : event
      await writer.append(plain)
      tell(entry, plain)
      if (event.type === 'run-started') roundStart = clock.ticks()
      if (event.type === 'round-ended') {
        meter.measured(entry.run, clock.ticks() - roundStart)
        roundStart = clock.ticks()
        if (entry.stop !== null) entry.job?.cancel()
      }
      showProgress(event.type === 'round-ended')
    }
    try {
      const job = free.pop() ?? (await spawner.spawn())
      entry.job = job
      if (entry.stop === 'cancel') {
        // Asked while the process was starting.
        await take({ type: 'run-ended', state: 'cancelled' })
      } else {
        await job.run({ hash: entry.hash, spec: entry.run.spec, baseDir, folder: writer.folder, resume: writer.resume }, take)
        if (!ended) throw new QuerentError('internal', 'the job ended without saying how its run went')
      }
      free.push(job)
      entry.job = null
    } catch (error) {
      const job = entry.job
      entry.job = null
      await job?.dispose()
      if (isFatal(error)) throw error
      if (!ended) await endRun(entry, writer, { type: 'run-ended', state: 'failed', error: failureOf(error), seq: nextSeq(entry) })
    }
  }

  /** A run that was asked to stop and did not fail is paused or cancelled, whatever way it ended. */
  async function endRun(
    entry: Entry,
    writer: Awaited<ReturnType<ResultFolder['openRun']>>,
    event: RunEvent & { type: 'run-ended' },
  ): Promise<void> {
    if (event.error !== undefined && isFatal(event.error))
      throw new QuerentError(event.error.code, event.error.message, event.error.details)
    const stopped = event.state === 'cancelled' || (event.state === 'failed' && event.error?.code === 'job-crashed' && entry.stop !== null)
    const body: RunEventBody = stopped ? { type: 'run-ended', state: 'cancelled' } : event
    if (stopped && entry.stop !== 'cancel') {
      place(entry, entry.stop === 'pause' ? 'paused' : 'queued') // queued: resumed while it was stopping
      return showProgress(true)
    }
    await writer.append({ ...body, seq: event.seq })
    tell(entry, { ...body, seq: event.seq })
    setStatus(entry, stopped ? 'cancelled' : event.state)
  }

  function abandon(error: unknown): void {
    fatal ??=
      error instanceof QuerentError
        ? error
        : new QuerentError('internal', error instanceof Error ? error.message : String(error), {}, { cause: error })
    for (const entry of entries) {
      if (entry.status !== 'running') continue
      entry.stop = 'cancel'
      entry.job?.cancel()
      if (entry.job === null) entry.status = 'cancelled'
    }
  }

  return {
    start: () => {
      started = true
      pump()
    },
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
      for (const entry of select(hashes)) {
        if (entry.status === 'queued') place(entry, 'paused')
        else if (entry.status === 'running' && entry.stop === null) entry.stop = 'pause'
      }
      showProgress(true)
    },
    resume: (hashes) => {
      for (const entry of select(hashes)) {
        if (entry.status === 'paused') place(entry, 'queued')
        else if (entry.stop === 'pause') entry.stop = null
      }
      showProgress(true)
      pump()
    },
    cancel: (hashes) => {
      for (const entry of select(hashes)) {
        if (entry.status === 'queued' || entry.status === 'paused') {
          entry.status = 'cancelled'
          tell(entry, { type: 'run-ended', state: 'cancelled', seq: nextSeq(entry) })
        } else if (entry.status === 'running') {
          entry.stop = 'cancel'
          entry.job?.cancel()
        }
      }
      if (!entries.some(({ status }) => status === 'queued' || status === 'paused')) preparing?.abort.abort()
      showProgress(true)
      pump()
    },
    retry: (hashes) => {
      if (!started) return
      for (const entry of select(hashes)) if (entry.status === 'failed' || entry.status === 'cancelled') place(entry, 'queued')
      showProgress(true)
      pump()
    },
    idle,
  }
}

const nextSeq = ({ state }: Tracked): number => state.lastSeq + 1

/** As it reads back from disk: NaN is null there, and tables must not depend on whether a run was continued. */
const asStored = (event: RunEvent): RunEvent => JSON.parse(JSON.stringify(event)) as RunEvent

/** Trouble of the folder, not of the run: nothing else could be stored either. */
const isFatal = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'disk-full' || code === 'not-writable'
}

/** Says what was being made, where an error tells only what went wrong. */
const withWhat = (error: unknown, what: string): unknown =>
  error instanceof QuerentError ? new QuerentError(error.code, `${what}: ${error.message}`, error.details, { cause: error }) : error

const failureOf = (error: unknown): RunFailure =>
  error instanceof QuerentError
    ? { code: error.code, message: error.message, details: error.details }
    : { code: 'internal', message: error instanceof Error ? error.message : String(error) }
