import { badInput } from '@engine/core/errors'
import { checkFiles } from '@engine/study/checkFiles'
import { checkTargets, targetedDatasets } from '@engine/study/checkTargets'
import type { RunState } from '@engine/study/events'
import { datasetNames, expandStudy, featureFile, shardOf, studyFeatures, studyFiles } from '@engine/study/expand'
import type { DatasetFacts as CheckedFacts } from '@engine/study/feasible'
import { initialRunState } from '@engine/study/reduceRun'
import { reviewStudy } from '@engine/study/review'
import { parseStudy } from '@engine/study/schema'
import type { ResultSet } from '@engine/study/results'
import { semanticsVersion, type DatasetRef, type Finding, type PlannedRun, type Study } from '@engine/study/spec'
import type { Experiment, ExperimentOutcome, ExperimentRequest, Manifest } from './experiment'
import type { BackendResolver, Clock, JobSpawner, ResolvedBackend, ResultFolder, ResultStore } from './ports'
import type { Tracked } from './progress'
import {
  backbonesOf,
  knownTrunks,
  makeMissingBackbones,
  pretrainedOf,
  type BackboneContext,
  type BackboneStore,
  type StudyBackbones,
} from './prepareBackbones'
import { featureAssignments, makeMissingFeatures, type FeatureStore } from './prepareFeatures'
import { createQueue } from './queue'
import { experimentResultHash, runResultHash } from './resultHash'
import { stateOf } from './results'
import { resultsOf } from './resultSet'
import { refuseOtherStudy } from './sameStudy'

/** What is known of a data set without holding it. */
export interface DatasetFacts extends CheckedFacts {
  readonly sha256: string
  readonly classNames: readonly string[]
}

export interface ExperimentDependencies {
  readonly store: ResultStore
  readonly spawner: JobSpawner
  readonly backends: BackendResolver
  readonly datasets: {
    facts(ref: DatasetRef, baseDir: string): Promise<DatasetFacts>
    /** classes of the training rows; −1: none */
    labels(ref: DatasetRef, baseDir: string): Promise<Int32Array>
  }
  readonly files: {
    /** folder of a file */
    folderOf(path: string): string
    /** `to` seen from `from`, with `/` */
    relative(from: string, to: string): string
    /** absolute path of `to`, which may be relative to `from` */
    resolve(from: string, to: string): string
    /** SHA-256 (hex) of a file's bytes */
    sha256(path: string, baseDir: string): Promise<string>
    text(path: string, baseDir: string): Promise<string>
  }
  readonly features: FeatureStore
  readonly models: BackboneStore
  /** CSV texts by file name */
  tables(results: ResultSet): Readonly<Record<string, string>>
  readonly clock: Clock
  /** of the program, for the manifest */
  readonly version: string
  /** jobs that `auto` means */
  readonly cores: number
}

/** A study made concrete on this machine: which runs, on which data and backend. Nothing is written yet. */
export interface PreparedExperiment {
  readonly study: Study
  readonly plan: readonly PlannedRun[]
  readonly datasets: Manifest['datasets']
  readonly files: Manifest['files']
  readonly backbones: StudyBackbones
  readonly backend: ResolvedBackend
  readonly baseDir: string
  readonly findings: readonly Finding[]
}

/** Reads and checks a study; throws `bad-input` with file and place, or `backend-unavailable`. */
export async function prepareExperiment(
  request: Pick<ExperimentRequest, 'studyText' | 'studyPath' | 'overrides' | 'backend' | 'shard'>,
  deps: ExperimentDependencies,
): Promise<PreparedExperiment> {
  const { studyText, studyPath, overrides, shard } = request
  const options = { file: studyPath, overrides }
  const study = parseStudy(studyText, options)
  const baseDir = deps.files.folderOf(studyPath)
  const facts = await factsOf(study, baseDir, deps)
  const trunks = await knownTrunks(study, backboneContext(baseDir, facts, deps))
  const { findings } = reviewStudy(studyText, options, () => facts, trunks)
  refuseFindings(findings, studyPath)
  const prepared = await resolveStudy(study, request.backend ?? study.run.backend, baseDir, deps)
  await checkStudyFiles(prepared, facts, deps)
  return { ...prepared, findings, plan: shard === undefined ? prepared.plan : shardOf(prepared.plan, shard.index, shard.count) }
}

/** Facts of the study's data sets, in its order and under its names. */
export async function factsOf(
  study: Study,
  baseDir: string,
  deps: { readonly datasets: Pick<ExperimentDependencies['datasets'], 'facts'> },
): Promise<DatasetFacts[]> {
  const names = datasetNames(study)
  const facts: DatasetFacts[] = []
  for (const [i, ref] of study.datasets.entries()) facts.push({ ...(await deps.datasets.facts(ref, baseDir)), name: names[i] })
  return facts
}

/** Throws `bad-input` for a file of the study that its runs could not use, and for classes that no validation row of a run is of. */
export async function checkStudyFiles(
  { study, plan, baseDir }: Pick<PreparedExperiment, 'study' | 'plan' | 'baseDir'>,
  facts: readonly DatasetFacts[],
  deps: Pick<ExperimentDependencies, 'files' | 'datasets'>,
): Promise<void> {
  const texts: Record<string, string> = {}
  for (const path of studyFiles(study)) texts[path] = await deps.files.text(path, baseDir)
  checkFiles(plan, texts, facts)
  const labels: Record<string, Int32Array> = {}
  for (const name of targetedDatasets(plan))
    labels[name] = await deps.datasets.labels(study.datasets[facts.findIndex((dataset) => dataset.name === name)], baseDir)
  checkTargets(study, plan, texts, labels, facts)
}

/** Throws `bad-input` for the first finding that is an error. */
function refuseFindings(findings: readonly Finding[], file: string): void {
  const error = findings.find(({ severity }) => severity === 'error')
  if (error === undefined) return
  const { path, message, line, found, expected, nearest } = error
  throw badInput(message, { file, path, line, found, expected, nearest })
}

/** The grid of a checked study on this machine. */
export async function resolveStudy(
  study: Study,
  wanted: 'auto' | ResolvedBackend['id'],
  baseDir: string,
  deps: ExperimentDependencies,
): Promise<PreparedExperiment> {
  const facts = await factsOf(study, baseDir, deps)
  const datasets = facts.map(({ name, sha256, rows, testRows, classes, classNames }, i) => ({
    name,
    ref: study.datasets[i],
    sha256,
    rows,
    testRows,
    classes,
    classNames,
  }))
  const files: Record<string, string> = {}
  for (const path of studyFiles(study)) files[path] = await deps.files.sha256(path, baseDir)
  for (const features of studyFeatures(study))
    for (const dataset of datasets) files[featureFile(features, dataset.name)] = await deps.features.identify(features, baseDir, dataset)
  const backend = await deps.backends.resolve(wanted)
  const backbones = await backbonesOf(study, backend, backboneContext(baseDir, facts, deps))
  const plan = expandStudy(study, { backend: backend.id, precision: backend.precision, datasets, files, backbones: backbones.ids })
  return { study, plan, datasets, files, backbones, backend, baseDir, findings: [] }
}

/** What the backbones of a study are looked up with. */
export const backboneContext = (
  baseDir: string,
  facts: readonly DatasetFacts[],
  { models, datasets }: Pick<ExperimentDependencies, 'models' | 'datasets'>,
): BackboneContext => ({ baseDir, facts, store: models, factsOf: (ref, dir) => datasets.facts(ref, dir) })

/** Starts or continues an experiment in its folder; refuses without leaving anything behind. */
export const startExperiment = async (request: ExperimentRequest, deps: ExperimentDependencies): Promise<Experiment> =>
  startPrepared(await prepareExperiment(request, deps), request, deps)

/** Starts what was prepared; `verify` prepares from a manifest instead of a file. */
export async function startPrepared(
  prepared: PreparedExperiment,
  request: Omit<ExperimentRequest, 'studyPath' | 'overrides' | 'backend'>,
  deps: ExperimentDependencies,
): Promise<Experiment> {
  const manifest = manifestOf(prepared, request, deps)
  const folder = await deps.store.open(request.outDir, (found) => {
    if (found !== null) refuseOtherStudy(request.outDir, found, manifest)
  })
  try {
    return await runInFolder(prepared, manifest, request, folder, deps)
  } catch (error) {
    await folder.close()
    throw error
  }
}

export function manifestOf(
  { study, plan, datasets, files, backbones, backend, baseDir }: PreparedExperiment,
  { outDir, command, shard }: Pick<ExperimentRequest, 'outDir' | 'command' | 'shard'>,
  deps: Pick<ExperimentDependencies, 'files' | 'version'>,
): Manifest {
  return {
    format: 1,
    study,
    studyName: study.study,
    base: deps.files.relative(outDir, baseDir),
    datasets,
    files,
    ...(Object.keys(backbones.ids).length > 0 && { backbones: backbones.ids }),
    semanticsVersion,
    version: deps.version,
    backend: backend.id,
    device: backend.device,
    threads: backend.threads,
    precision: backend.precision,
    seeds: study.protocol.seeds,
    command,
    shard: shard ?? null,
    runs: plan.map(({ hash, spec, factors }) => ({
      hash,
      strategy: spec.strategy.name,
      seed: spec.repeat,
      dataset: spec.datasetName,
      factors,
    })),
    resultHash: null,
  }
}

async function runInFolder(
  { study, plan, backbones, backend, baseDir, findings }: PreparedExperiment,
  manifest: Manifest,
  { studyText, jobs, reuseFrom = [], isListed = false }: Pick<ExperimentRequest, 'studyText' | 'jobs' | 'reuseFrom' | 'isListed'>,
  folder: ResultFolder,
  deps: ExperimentDependencies,
): Promise<Experiment> {
  await folder.writeStudy(studyText)
  await folder.writeManifest(manifest)
  const entries = new Map<string, Tracked>()
  for (const run of plan) {
    if (entries.has(run.hash)) continue
    let stored = await folder.readRun(run.hash)
    for (const other of stored.finished ? [] : reuseFrom)
      if (await folder.adoptRun(run.hash, other)) stored = await folder.readRun(run.hash)
    entries.set(run.hash, { run, status: stored.finished ? 'finished' : 'queued', state: stateOf(stored) })
  }
  const statusOf = (hash: string): Tracked['status'] => entries.get(hash)?.status ?? 'queued'
  const count = (status: Tracked['status']): number => plan.filter(({ hash }) => statusOf(hash) === status).length
  const state = (hash: string): RunState => {
    const entry = entries.get(hash)
    return entry === undefined ? initialRunState : { ...entry.state, status: entry.status }
  }
  const reused = count('finished')
  const waiting = [...entries.values()].filter(({ status }) => status === 'queued').length
  const slots = Math.max(1, Math.min(jobs ?? (study.run.jobs === 'auto' ? autoJobs(backend, deps.cores) : study.run.jobs), waiting))
  const left = [...entries.values()].filter(({ status }) => status !== 'finished').map(({ run }) => run)
  const assignments = featureAssignments(left, baseDir, deps.files.resolve)
  const queue = createQueue({
    entries: [...entries.values()],
    folder,
    spawner: deps.spawner,
    clock: deps.clock,
    baseDir,
    slots,
    ...((assignments.length > 0 || Object.keys(backbones.ids).length > 0) && {
      prepare: async (tell, signal) => {
        const spawn = () => deps.spawner.spawn()
        await makeMissingBackbones(backbones, { store: deps.models, baseDir, spawn, now: deps.clock.ticks, tell, signal })
        await makeMissingFeatures(assignments, {
          store: deps.features,
          files: manifest.files,
          spawn,
          now: deps.clock.ticks,
          tell,
          signal,
        })
      },
    }),
  })

  const finish = async (): Promise<ExperimentOutcome> => {
    let isWanted = true
    try {
      await queue.idle
      const allFinished = [...entries.values()].every(({ status }) => status === 'finished')
      const hashes = new Map([...entries].map(([hash, entry]) => [hash, runResultHash(entry.state.initial, entry.state.records)]))
      const resultHash = allFinished ? experimentResultHash(hashes) : null
      await folder.writeTables(deps.tables(resultsOf({ manifest, state })))
      const pretrained = await pretrainedOf(backbones, deps.models)
      await folder.writeManifest({ ...manifest, ...(Object.keys(pretrained).length > 0 && { pretrained }), resultHash })
      return { out: folder.dir, runs: plan.length, reused, failed: count('failed'), cancelled: count('cancelled') > 0, resultHash }
    } catch (error) {
      isWanted = isListed || count('queued') < plan.length
      throw error
    } finally {
      await (isWanted ? folder.close() : folder.discard())
    }
  }
  const warnings = [
    ...folder.warnings,
    ...findings.filter(({ severity }) => severity === 'warning').map(({ path, message }) => `${path}: ${message}`),
    ...otherMachine(folder.manifest, manifest),
  ]
  queue.start()
  const done = finish()
  done.catch(() => undefined) // whoever awaits it hears of it
  return {
    outDir: folder.dir,
    manifest,
    plan,
    warnings,
    state,
    progress: queue.progress,
    onEvent: queue.onEvent,
    onProgress: queue.onProgress,
    pause: queue.pause,
    resume: queue.resume,
    cancel: queue.cancel,
    retry: queue.retry,
    done,
  }
}

/** Several processes on one accelerator fight for its memory. */
export const autoJobs = ({ id, device }: ResolvedBackend, cores: number): number => (id === 'tfjs' && /gpu|cuda/i.test(device) ? 1 : cores)

function otherMachine(found: Manifest | null, next: Manifest): string[] {
  if (found === null) return []
  const differs = (['backend', 'precision', 'semanticsVersion'] as const).find((field) => found[field] !== next[field])
  return differs === undefined
    ? []
    : [`The folder was made with ${differs} ${found[differs]}, this is ${next[differs]}: its finished runs are kept but not reused.`]
}
