import type { ModelInfo, Preparation, PretrainProgress } from '@contract/models'
import { badInput, inField, QuerentError } from '@engine/core/errors'
import { sameShape } from '@engine/graph/shapes'
import type { Trunk } from '@engine/nn/backbone'
import { studyBackbones, type Trunks } from '@engine/study/backbones'
import { datasetName } from '@engine/study/consistency'
import { backboneKey } from '@engine/study/expand'
import { pretrainKey, pretrainName } from '@engine/study/pretraining'
import type { DatasetRef, PretrainSpec, Study } from '@engine/study/spec'
import type { PretrainAssignment, PretrainJob, ResolvedBackend } from './ports'

/** A backbone that is there: its layers, and what identifies its weights. */
export interface KnownBackbone extends Trunk {
  readonly sha256: string
  /** whether it is in the library already */
  readonly isStored: boolean
}

/** The model library, as a host of experiments sees it. */
export interface BackboneStore {
  /** A model by its name, or a weights file, whose inputs are of `inputShape` where it does not say; `bad-input` for any other. */
  named(ref: string, baseDir: string, inputShape: readonly number[]): Promise<KnownBackbone>
  /** Puts the weights file into the library, where jobs find it. */
  keep(ref: string, baseDir: string, inputShape: readonly number[]): Promise<void>
  /** SHA-256 of what was pre-trained by this key; undefined when nothing was, or it is damaged. */
  made(key: string): Promise<string | undefined>
}

interface Facts {
  readonly name: string
  readonly sha256: string
  readonly shape: readonly number[]
}

export interface BackboneContext {
  readonly baseDir: string
  /** of the study's data sets */
  readonly facts: readonly Pick<Facts, 'name' | 'shape'>[]
  readonly store: BackboneStore
  readonly factsOf: (ref: DatasetRef, baseDir: string) => Promise<Facts>
}

/** What is known of the backbones that a study names; refuses names and sources that do not do. Nothing is made. */
export async function knownTrunks(study: Study, { baseDir, facts, store, factsOf }: BackboneContext): Promise<Trunks> {
  const trunks: Record<string, Trunk> = {}
  for (const ref of studyBackbones(study)) {
    if (typeof ref === 'string') trunks[backboneKey(ref)] = await store.named(ref, baseDir, facts[0].shape)
    else checkSource(ref.pretrain, await sourceOf(ref.pretrain, baseDir, factsOf), facts)
  }
  return trunks
}

/** The backbones of a study: what identifies each (by `backboneKey`), and what has to be done for them before runs can start. */
export interface StudyBackbones {
  readonly ids: Readonly<Record<string, string>>
  /** weights files that are not in the library yet */
  readonly files: readonly string[]
  readonly inputShape: readonly number[]
  readonly pretraining: readonly PretrainAssignment[]
}

/**
 * Named backbones go by the SHA-256 of their content; one that the study pre-trains by that of everything that decides its weights, so
 * that its runs are known before it is made.
 */
export async function backbonesOf(
  study: Study,
  backend: Pick<ResolvedBackend, 'id' | 'precision'>,
  { baseDir, facts, store, factsOf }: BackboneContext,
): Promise<StudyBackbones> {
  const ids: Record<string, string> = {}
  const files: string[] = []
  const pretraining: PretrainAssignment[] = []
  for (const ref of studyBackbones(study)) {
    if (typeof ref === 'string') {
      const { sha256, isStored } = await store.named(ref, baseDir, facts[0].shape)
      ids[backboneKey(ref)] = sha256
      if (!isStored) files.push(ref)
    } else {
      const assignment = assignmentOf(ref.pretrain, await sourceOf(ref.pretrain, baseDir, factsOf), backend, baseDir)
      ids[backboneKey(ref)] = assignment.key
      pretraining.push(assignment)
    }
  }
  return { ids, files, inputShape: facts[0]?.shape ?? [], pretraining }
}

/** Puts weights files into the library and pre-trains what is missing there, one after the other. */
export async function makeMissingBackbones(
  { files, inputShape, pretraining }: StudyBackbones,
  preparation: {
    readonly store: BackboneStore
    readonly baseDir: string
    readonly spawn: () => Promise<PretrainJob>
    readonly now: () => number
    readonly tell: (step: Preparation) => void
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { store, baseDir, spawn, now, tell, signal } = preparation
  for (const ref of files) await store.keep(ref, baseDir, inputShape)
  for (const assignment of pretraining) {
    if ((await store.made(assignment.key)) !== undefined) continue
    const start = now()
    const what = `pre-training ${assignment.name}`
    const onProgress = ({ epoch, epochs }: PretrainProgress): void => tell(stepOf(what, 'epoch', epoch + 1, epochs, now() - start))
    tell(stepOf(what, 'epoch', 0, assignment.spec.epochs, 0))
    await pretrainOne(assignment, spawn, onProgress, signal)
  }
}

/** How far a step is that took `ms` for `done` of `total` parts. */
export const stepOf = (what: string, unit: string, done: number, total: number, ms: number): Preparation => ({
  what,
  detail: `${unit} ${done}/${total}`,
  fraction: total === 0 ? 1 : done / total,
  etaMs: done === 0 ? null : (ms / done) * (total - done),
})

/** SHA-256 of the weights that were pre-trained, by what they were pre-trained by. */
export async function pretrainedOf({ pretraining }: StudyBackbones, store: BackboneStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const { key } of pretraining) {
    const sha256 = await store.made(key)
    if (sha256 !== undefined) found[key] = sha256
  }
  return found
}

/** What a job needs to pre-train a backbone; under `name` and no other where one is given. */
export function assignmentOf(
  spec: PretrainSpec,
  source: Pick<Facts, 'sha256'>,
  { id, precision }: Pick<ResolvedBackend, 'id' | 'precision'>,
  baseDir: string,
  name?: string,
): PretrainAssignment {
  return {
    spec,
    backend: id,
    name: name ?? pretrainName(spec),
    isWanted: name !== undefined,
    key: pretrainKey(spec, source.sha256, { backend: id, precision }),
    dataset: spec.dataset,
    datasetName: datasetName(spec.dataset),
    datasetSha256: source.sha256,
    baseDir,
  }
}

/** Pre-trains in a process of its own. A stop leaves nothing behind: backbones that are whole stay, this one begins anew. */
export async function pretrainOne(
  assignment: PretrainAssignment,
  spawn: () => Promise<PretrainJob>,
  onProgress: (progress: PretrainProgress) => void,
  signal?: AbortSignal,
): Promise<ModelInfo> {
  const stopped = (): QuerentError => new QuerentError('cancelled', 'stopped while a backbone was pre-trained')
  if (signal?.aborted) throw stopped()
  const job = await spawn()
  const stop = (): void => void job.dispose()
  signal?.addEventListener('abort', stop)
  try {
    return await job.pretrain(assignment, onProgress)
  } catch (error) {
    throw signal?.aborted ? stopped() : error
  } finally {
    signal?.removeEventListener('abort', stop)
    await job.dispose()
  }
}

const sourceOf = ({ dataset }: PretrainSpec, baseDir: string, factsOf: BackboneContext['factsOf']): Promise<Facts> =>
  inField('model.backbone.pretrain.dataset', () => factsOf(dataset, baseDir))

function checkSource({ dataset }: PretrainSpec, { shape }: Facts, facts: BackboneContext['facts']): void {
  const other = facts.find((each) => !sameShape(each.shape, shape))
  if (other === undefined) return
  throw badInput(
    `a backbone of ${datasetName(dataset)} reads samples of shape ${shape.join(' × ')}, and ${other.name} holds samples of shape ${other.shape.join(' × ')}`,
    { path: 'model.backbone.pretrain.dataset', found: shape.join(' × '), expected: other.shape.join(' × ') },
  )
}
