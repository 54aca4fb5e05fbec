import type { BackendReport } from '@contract/types'
import { decodeError } from '@contract/errorCodec'
import { QuerentError } from '@engine/core/errors'
import type { BackendId } from '@engine/nn/executor'
import type { ChoosingJob, FeatureJob, ImportingJob, Job, PretrainJob, Viewer } from '../../lab/ports'
import type { FromJob, JobExit, JobProcess, ToJob } from './protocol'

const usualGraceMs = 10_000
const disposeGraceMs = 2_000
/** A decoder of somebody else's file may loop for ever on a damaged one. */
const usualSilenceMs = 120_000

/** A job seen from its host. */
export interface JobHandle extends Job, Viewer, ImportingJob, ChoosingJob, FeatureJob, PretrainJob {
  probe(backend: BackendId): Promise<BackendReport>
}

/** Waits until the process answers and wraps it; one request at a time. Rejects with `job-crashed` when it dies first. */
export async function connectJob(
  child: JobProcess,
  { cancelGraceMs = usualGraceMs, silenceMs = usualSilenceMs }: { readonly cancelGraceMs?: number; readonly silenceMs?: number } = {},
): Promise<JobHandle> {
  let exit: JobExit | null = null
  let killed = false
  let waiting: { readonly onMessage: (message: FromJob) => void; readonly onDeath: (error: Error) => void } | null = null
  const exited = new Promise<void>((resolve) =>
    child.onExit((reason) => {
      exit = reason
      resolve()
      waiting?.onDeath(crashed(reason, killed))
    }),
  )
  child.onMessage((message) => waiting?.onMessage(message))

  /** Hands every message to `take` until that returns a value. */
  const exchange = async <T>(start: () => void, take: (message: FromJob) => { readonly value: T } | undefined): Promise<T> => {
    if (exit !== null) throw crashed(exit, killed)
    try {
      return await new Promise<T>((resolve, reject) => {
        waiting = {
          onDeath: reject,
          onMessage: (message) => {
            const taken = take(message)
            if (taken !== undefined) resolve(taken.value)
          },
        }
        start()
      })
    } finally {
      waiting = null
    }
  }
  /** Sends a request and hands what comes to `take` until the job says that it has ended. */
  const ask: Ask = async (request, take) => {
    const error = await exchange(
      () => child.send(request),
      (message) => {
        if (message.type === 'ended') return { value: message.error }
        take(message)
        return undefined
      },
    )
    if (error !== null) throw decodeError(error)
  }
  const kill = (): void => {
    killed = true
    child.kill()
  }
  /** Like `ask`, of a process that says that it is alive: it is killed when it has been silent too long. */
  const askAlive: Ask = async (request, take) => {
    let silent = false
    const giveUp = (): void => {
      silent = true
      kill()
    }
    let timer = setTimeout(giveUp, silenceMs)
    try {
      await ask(request, (message) => {
        clearTimeout(timer)
        timer = setTimeout(giveUp, silenceMs)
        take(message)
      })
    } catch (error) {
      if (!silent) throw error
      throw new QuerentError('job-crashed', 'reading the files did not come to an end; one of them is probably damaged')
    } finally {
      clearTimeout(timer)
    }
  }
  let running = false
  let grace: NodeJS.Timeout | undefined

  await exchange<true>(
    () => undefined,
    (message) => (message.type === 'ready' ? { value: true } : undefined),
  )
  const job: JobHandle = {
    pid: child.pid,
    run: async (assignment, onEvent) => {
      // Events are handled one after the other; the end waits for the last of them.
      let handled: Promise<void> = Promise.resolve()
      let trouble: { readonly error: unknown } | null = null
      running = true
      try {
        const error = await exchange(
          () => child.send({ type: 'run', assignment }),
          (message) => {
            if (message.type === 'ended') return { value: message.error }
            if (message.type !== 'events') return undefined
            handled = handled.then(async () => {
              if (trouble !== null) return
              try {
                for (const event of message.events) await onEvent(event)
                if (message.events.at(-1)?.type === 'round-ended') child.send({ type: 'stored' })
              } catch (error) {
                trouble = { error }
                job.cancel()
              }
            })
            return undefined
          },
        )
        await handled
        if (trouble === null && error !== null) trouble = { error: decodeError(error) }
      } catch (error) {
        await handled
        trouble ??= { error }
      } finally {
        running = false
        clearTimeout(grace)
        grace = undefined
      }
      if (trouble !== null) throw trouble.error
    },
    probe: (backend) =>
      exchange(
        () => child.send({ type: 'probe', backend }),
        (message) => (message.type === 'probed' ? { value: message.report } : undefined),
      ),
    map: (request, onFrame) =>
      ask({ type: 'map', request }, (message) => {
        if (message.type === 'frame') onFrame(message.frame)
      }),
    samples: (request) =>
      answered(ask, { type: 'samples', request }, (message) => (message.type === 'samples' ? message.samples : undefined)),
    facts: (request) => answered(ask, { type: 'facts', request }, (message) => (message.type === 'facts' ? message.facts : undefined)),
    drawSplit: (request) =>
      answered(ask, { type: 'drawSplit', request }, (message) => (message.type === 'drawn' ? message.split : undefined)),
    save: (request, onProgress) =>
      ask({ type: 'save', request }, (message) => {
        if (message.type === 'saving') onProgress(message.done)
      }),
    labels: (request) => answered(ask, { type: 'labels', request }, (message) => (message.type === 'labels' ? message.labels : undefined)),
    neighbours: (request) =>
      answered(ask, { type: 'neighbours', request }, (message) => (message.type === 'neighbours' ? message.list : undefined)),
    animate: (request, onProgress) =>
      answered(ask, { type: 'animate', request }, (message) => {
        if (message.type === 'animating') onProgress(message.done)
        return message.type === 'animated' ? message.bytes : undefined
      }),
    choose: (request, onProgress) =>
      answered(ask, { type: 'choose', request }, (message) => {
        if (message.type === 'choosing') onProgress(message.progress)
        return message.type === 'chosen' ? message.batch : undefined
      }),
    pretrain: (request, onProgress) =>
      answered(ask, { type: 'pretrain', request }, (message) => {
        if (message.type === 'pretraining') onProgress(message.progress)
        return message.type === 'pretrained' ? message.model : undefined
      }),
    features: (request, onProgress) =>
      answered(ask, { type: 'features', request }, (message) => {
        if (message.type === 'makingFeatures') onProgress(message.progress)
        return message.type === 'features' ? message.features : undefined
      }),
    preview: (request) =>
      answered(askAlive, { type: 'preview', request }, (message) => (message.type === 'previewed' ? message.preview : undefined)),
    import: (request, onProgress) =>
      answered(askAlive, { type: 'import', request }, (message) => {
        if (message.type === 'importing') onProgress(message.progress)
        return message.type === 'imported' ? message.result : undefined
      }),
    cancel: () => {
      if (!running || exit !== null || grace !== undefined) return
      child.send({ type: 'cancel' })
      grace = setTimeout(kill, cancelGraceMs)
    },
    dispose: async () => {
      if (exit !== null) return
      child.disconnect()
      const timer = setTimeout(kill, disposeGraceMs)
      await exited
      clearTimeout(timer)
    },
  }
  return job
}

type Ask = (request: ToJob, take: (message: FromJob) => void) => Promise<void>

/** Asks and gives what `pick` found among the messages before the end. */
async function answered<T>(ask: Ask, request: ToJob, pick: (message: FromJob) => T | undefined): Promise<T> {
  let found: T | undefined
  await ask(request, (message) => {
    found = pick(message) ?? found
  })
  if (found === undefined) throw new QuerentError('internal', `the job ended its ${request.type} without an answer`)
  return found
}

/** The error of a job process that died. */
export function crashed({ code, signal, lastWords }: JobExit, killed: boolean): QuerentError {
  if (killed) return new QuerentError('job-crashed', 'the job process did not stop when asked and was killed')
  const outOfMemory = /out of memory|allocation failed|heap limit|bad_alloc/i.test(lastWords)
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  const why = outOfMemory ? ': it ran out of memory' : signal === 'SIGKILL' ? ': the system may have run out of memory' : ''
  return new QuerentError('job-crashed', `the job process died (${how})${why}`, lastWords === '' ? {} : { found: lastWords })
}
