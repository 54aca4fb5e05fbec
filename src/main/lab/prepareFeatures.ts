import type { FeatureInfo, FeatureProgress } from '@contract/features'
import type { Preparation } from '@contract/models'
import { QuerentError } from '@engine/core/errors'
import { isFeatureFile } from '@engine/study/expand'
import type { PlannedRun } from '@engine/study/spec'
import type { FeatureAssignment, FeatureJob } from './ports'
import { stepOf } from './prepareBackbones'

/** The feature store, as a host of experiments sees it. */
export interface FeatureStore {
  /** SHA-256 of what `data.features` names, checked against the data set as far as can be told without reading all of it. */
  identify(
    features: string,
    baseDir: string,
    dataset: { readonly name: string; readonly sha256: string; readonly rows: number },
  ): Promise<string>
  /** Whether the features of an assignment are stored already, as they were made. */
  has(assignment: FeatureAssignment, files: Readonly<Record<string, string>>): Promise<boolean>
}

/** What has to be in the feature store before the runs of a plan can start, each once: features in files, and those of backbones. */
export function featureAssignments(
  plan: readonly Pick<PlannedRun, 'spec'>[],
  baseDir: string,
  resolve: (from: string, to: string) => string,
): FeatureAssignment[] {
  const found = new Map<string, FeatureAssignment>()
  for (const { spec } of plan) {
    const { data, dataset, datasetName, datasetSha256, backboneSha256, backend } = spec
    const source = { dataset, datasetName, datasetSha256, baseDir }
    if (data.features && isFeatureFile(data.features)) {
      const reference = data.features
      found.set(JSON.stringify([datasetSha256, reference]), {
        ...source,
        from: { type: 'file', file: resolve(baseDir, reference.replace(/#.*$/, '')), reference },
      })
    } else if (!data.features && backboneSha256 !== undefined) {
      found.set(JSON.stringify([datasetSha256, backboneSha256, backend]), {
        ...source,
        from: { type: 'backbone', backboneSha256, backend },
      })
    }
  }
  return [...found.values()]
}

export interface FeaturePreparation {
  readonly store: Pick<FeatureStore, 'has'>
  /** SHA-256 of the files that the runs read */
  readonly files: Readonly<Record<string, string>>
  readonly spawn: () => Promise<FeatureJob>
  readonly now: () => number
  readonly tell: (step: Preparation) => void
  readonly signal: AbortSignal
}

/**
 * Makes what is missing, one after the other in a process of its own; a stop keeps what is made, and the next call goes on there. What
 * another experiment makes at the moment is waited for.
 */
export async function makeMissingFeatures(assignments: readonly FeatureAssignment[], preparation: FeaturePreparation): Promise<void> {
  const { store, files, signal } = preparation
  for (const assignment of assignments)
    while (!(await store.has(assignment, files))) {
      if (signal.aborted) throw stopped()
      try {
        await makeOne(assignment, preparation)
      } catch (error) {
        if (signal.aborted) throw stopped()
        if (!(error instanceof QuerentError && error.code === 'locked')) throw error
        await new Promise((resume) => setTimeout(resume, lockedMs))
      }
    }
}

const lockedMs = 500

async function makeOne(assignment: FeatureAssignment, { spawn, now, tell, signal }: FeaturePreparation): Promise<void> {
  const what = `features of ${assignment.datasetName}`
  await runFeatureJob(assignment, {
    spawn,
    now,
    signal,
    onProgress: ({ rows, total, etaMs }) => tell({ ...stepOf(what, 'row', rows, total, 0), etaMs }),
  })
}

/** One assignment in a process of its own, which a stop ends at once; with the milliseconds left, null until they can be told. */
export async function runFeatureJob(
  assignment: FeatureAssignment,
  { spawn, now, signal, onProgress }: Pick<FeaturePreparation, 'spawn' | 'now' | 'signal'> & { onProgress: OnRows },
): Promise<FeatureInfo> {
  const start = now()
  // What an earlier attempt left is there at once: only rows of this one tell how long the rest takes.
  let kept: number | undefined
  const job = await spawn()
  const stop = (): void => void job.dispose()
  signal.addEventListener('abort', stop)
  try {
    signal.throwIfAborted()
    return await job.features(assignment, ({ rows, total }) => {
      kept ??= rows
      const made = rows - kept
      onProgress({ rows, total, etaMs: made === 0 ? null : ((now() - start) / made) * (total - rows) })
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await job.dispose()
  }
}

type OnRows = (progress: FeatureProgress & { readonly etaMs: number | null }) => void

const stopped = (): QuerentError => new QuerentError('cancelled', 'stopped while features were made; the next start goes on there')
