import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { createExecutor } from '@backends/registry'
import { createSelectionKernels } from '@backends/kernels/selection'
import { probeBackend } from '@backends/probe'
import { badInput, QuerentError } from '@engine/core/errors'
import type { Dataset } from '@engine/data/dataset'
import { writeNpy } from '@engine/data/npy'
import type { Backbone } from '@engine/nn/backbone'
import type { BackendId, Executor } from '@engine/nn/executor'
import type { RunEvent } from '@engine/study/events'
import { filesOf } from '@engine/study/expand'
import { parseRunFiles, type RunFiles } from '@engine/study/runFiles'
import { runLoop, type RunDependencies } from '@engine/study/runLoop'
import type { DatasetRef, RunSpec } from '@engine/study/spec'
import type { DatasetSource, RunAssignment, SamplesRequest } from '../../lab/ports'
import { datasetFeatureNames, exportDataset, importDataset, loadDataset, previewImport } from '../datasets'
import { catalogTexts } from '../datasets/catalogTexts'
import { createTextReader } from '../datasets/imported/texts'
import { readBytes } from '../datasets/files'
import { externalCommands } from '../external/run'
import { temporaryFeatures } from '../features/files'
import { featuresOfRun, makeFeatures } from '../features/make'
import type { TextSource } from '../features/texts'
import { systemClock } from '../clock'
import { loadModel } from '../models/library'
import { pretrainModel } from '../models/pretrainModel'
import { writeWhole } from '../storage/files'
import { writeState } from '../storage/weights'
import type { Worker } from './serve'
import { animationFile } from './animating'
import { chooseBatch } from './choosing'
import { factsOf, keptSplit } from './facts'
import { labelsOf, mapOf, neighboursOf, samplesOf, type Words } from './viewing'

/**
 * The real work of a job: the engine's loop on one backend; backend and data set stay loaded for the next run. `library` is the
 * folder of imported data sets, `features` the feature store, `models` the model library.
 */
export function createWorker(
  library?: string,
  { features, models }: { readonly features?: string; readonly models?: string } = {},
): Worker {
  const kernels = createSelectionKernels()
  let executor: Executor | null = null
  let dataset: { readonly key: string; readonly value: Dataset } | null = null
  let backbone: { readonly key: string; readonly value: Backbone } | null = null

  const executorFor = async (id: BackendId): Promise<Executor> => {
    if (executor?.id === id) return executor
    executor?.dispose()
    executor = null
    return (executor = await createExecutor(id))
  }
  const datasetFor = async ({ dataset: ref, datasetSha256, datasetName, baseDir }: DatasetSource): Promise<Dataset> => {
    const key = JSON.stringify([ref, baseDir, datasetSha256])
    if (dataset?.key === key) return dataset.value
    dataset = null // two at once may not fit
    const value = await loadDataset(ref, baseDir, library)
    if (value.sha256 !== datasetSha256)
      throw badInput(`the data set ${datasetName} changed since the study was started`, {
        path: 'dataset',
        found: `SHA-256 ${value.sha256}`,
        expected: `SHA-256 ${datasetSha256}`,
      })
    dataset = { key, value }
    return value
  }

  const texts = library === undefined ? null : createTextReader(library)
  const wordsOf = async ({ dataset: ref, part, rows }: SamplesRequest): Promise<Words> => {
    if (library === undefined || texts === null || typeof ref !== 'string') return { valueNames: [], texts: null }
    return { valueNames: await datasetFeatureNames(ref, library), texts: await texts.read(ref, part ?? 'train', rows) }
  }

  const textsOf = async (ref: DatasetRef): Promise<TextSource | null> => {
    if (typeof ref !== 'string') return null
    const read = async (rows: readonly number[]): Promise<readonly string[] | null> =>
      (await texts?.read(ref, 'train', rows)) ?? catalogTexts(ref, 'train', rows)
    return (await read([])) === null ? null : async (rows) => (await read(rows)) ?? []
  }
  const backboneFor = async (sha256: string): Promise<Backbone> => {
    if (backbone?.key !== sha256) backbone = { key: sha256, value: await loadModel(requireFolder(models), sha256) }
    return backbone.value
  }

  /** Does `work` with what a run or a labelling round of `spec` needs; its features are closed afterwards. */
  const withDependencies = async <T>(
    spec: RunSpec,
    baseDir: string,
    signal: AbortSignal,
    work: (deps: Omit<RunDependencies, 'resume'>) => Promise<T>,
  ): Promise<T> => {
    const stored = features === undefined ? undefined : await featuresOfRun(spec, features)
    try {
      return await work({
        dataset: await datasetFor({ ...spec, baseDir }),
        executor: await executorFor(spec.backend),
        kernels,
        files: readRunFiles(spec, baseDir),
        ...(spec.backboneSha256 !== undefined && { backbone: await backboneFor(spec.backboneSha256) }),
        ...(stored && { features: stored }),
        external: externalCommands(resolve(baseDir), signal),
        clock: systemClock,
        signal,
        breathe,
      })
    } finally {
      stored?.dispose()
    }
  }

  return {
    run: ({ spec, baseDir, folder, resume }, emit, signal) =>
      withDependencies(spec, baseDir, signal, async (deps) => {
        const featureStore: RunDependencies['featureStore'] = (rows, width) => temporaryFeatures(folder, rows, width)
        for await (const event of runLoop(spec, { ...deps, featureStore, resume }))
          if (!(await writeArrays(folder, event))) await emit(event)
      }),
    pretrain: async (request, onProgress, signal) =>
      pretrainModel(request, {
        models: requireFolder(models),
        dataset: await datasetFor(request),
        executor: await executorFor(request.backend),
        breathe,
        signal,
        onProgress,
      }),
    features: async (request, onProgress, signal) =>
      makeFeatures(request, {
        store: requireFolder(features),
        dataset: await datasetFor(request),
        texts: await textsOf(request.dataset),
        executor: executorFor,
        backbone: backboneFor,
        ticks: systemClock.ticks,
        breathe,
        signal,
        onProgress,
      }),
    choose: (request, onProgress, signal) =>
      withDependencies(request.spec, request.baseDir, signal, (deps) => chooseBatch(request, deps, onProgress)),
    preview: ({ paths, mapping }) => previewImport(paths, mapping, requireFolder(library)),
    import: ({ paths, mapping }, onProgress) =>
      importDataset({ paths, mapping, library: requireFolder(library), importedAt: systemClock.now(), onProgress }),
    probe: (backend) => probeBackend(backend),
    animate: ({ map, format, ...timing }, onProgress) => animationFile(map, format, { ...timing, onProgress }),
    map: async (request, emit, signal) => mapOf(await datasetFor(request), request, kernels, emit, breathe, signal),
    labels: async (request) => labelsOf(await datasetFor(request), request),
    samples: async (request) => {
      const value = await datasetFor(request)
      return samplesOf(value, request, await wordsOf(request))
    },
    facts: async (request) => factsOf(await datasetFor(request), request, requireFolder(library)),
    drawSplit: async (request) => keptSplit(await datasetFor(request), request, requireFolder(library)),
    save: async (request, onProgress) => {
      const names = await datasetFeatureNames(request.datasetName, requireFolder(library))
      await exportDataset(await datasetFor(request), request.file, names, onProgress)
    },
    neighbours: async (request) => neighboursOf(await datasetFor(request), request, kernels),
  }
}

/** A loop of awaited microtasks would never hear a message. */
const breathe = (): Promise<void> => new Promise((continued) => setImmediate(continued))

function requireFolder(folder: string | undefined): string {
  if (folder === undefined) throw new QuerentError('internal', 'this job was started without a workspace')
  return folder
}

/** Writes the arrays of an event into the run's folder; resolves to whether that was all there is to it. */
async function writeArrays(folder: RunAssignment['folder'], event: RunEvent): Promise<boolean> {
  if (event.type === 'artifact') await writeWhole(join(folder, `${event.name}.npy`), writeNpy(event.data, event.shape))
  else if (event.type === 'checkpoint') await writeState(folder, event.round, event)
  else return false
  return true
}

function readRunFiles(spec: RunSpec, baseDir: string): RunFiles {
  const texts: Record<string, string> = {}
  for (const path of filesOf(spec)) {
    const bytes = readBytes(resolve(baseDir, path), path)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (sha256 !== spec.files[path])
      throw badInput(`${path} changed since the study was started`, {
        file: path,
        found: `SHA-256 ${sha256}`,
        expected: `SHA-256 ${spec.files[path]}`,
      })
    texts[path] = new TextDecoder().decode(bytes)
  }
  return parseRunFiles(spec, texts)
}
