import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { csvTable } from '../exporting/csv'
import type { Settings } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { figureLatex, printRequested } from '../exporting/figures'
import { paperOf } from '../exporting/paper'
import { paperPart, zip } from '../exporting/paperFiles'
import { sheetFiles, tableViews } from '../exporting/sheet'
import { indexFile } from '../exporting/indices'
import { createLab, type Lab } from '../lab/lab'
import { planStudy } from '../lab/planStudy'
import { openResults } from '../lab/results'
import { resultsOf } from '../lab/resultSet'
import { startExperiment } from '../lab/runExperiment'
import { describeStudy } from '../lab/describeStudy'
import { version } from '../../../package.json'
import { createBackends } from './backends'
import { systemClock } from './clock'
import { addSplit, datasetInfo, listDatasets, readSplit, removeDataset, removeSplit, restoreDataset, storedInfo } from './datasets'
import { discardDownload, downloadSet, downloadsOf, factsOf, receivedOf, requirePublicSet } from './download/sets'
import { publicSets } from './download/publicSets'
import { openSaved, savedOf } from './datasets/saved'
import { openUploads } from './datasets/uploads'
import { doctorReport } from './doctor'
import { experimentDependencies } from './experiments'
import { featureNetworks, fetchNetwork } from './features/networks'
import { listFeatures } from './features/store'
import { noteUnfinished, readUnfinished } from './features/unfinished'
import type { JobHandle } from './jobs/client'
import { labellingSessions, removedSessions } from './labelling/sessions'
import { bringModel } from './models/bringModel'
import { listModels, modelInfo } from './models/library'
import { resourcePath } from './resources'
import { listLicences } from './licences'
import { listRecipes, recipeText } from './recipes'
import { notWritable } from './errors'
import { makeFolder } from './storage/files'
import { splitTextOf } from './splitText'
import { acquireLock, type Lock } from './storage/lock'
import { fileStore } from './storage/resultFolder'
import { mapFiles, readArtifact } from './storage/arrays'
import { arrivalFiles } from './workspace/arrivals'
import { featuresOf, labellingOf, libraryOf, mapsOf, modelsOf } from './workspace/location'
import { roomOf } from './workspace/room'
import { storageFiles } from './workspace/storage'
import { openWorkspace } from './workspace/store'

export interface LabOptions {
  readonly workspace: string
  readonly transport: 'electron' | 'web'
  readonly runtime: string
  readonly spawner: { spawn(): Promise<JobHandle> }
  readonly cores: number
  /** told when work starts and when it ends */
  readonly onBusy?: (busy: boolean) => void
  /** told what happened, for a user who looks elsewhere */
  readonly onNotice?: (notice: { readonly title: string; readonly message: string }) => void
}

/** The lab on this machine's disk; throws `locked` when another process has the workspace. */
export async function openLab({ workspace, transport, runtime, spawner, cores, onBusy, onNotice }: LabOptions): Promise<Lab> {
  const lock = await own(workspace)
  try {
    const store = await openWorkspace(workspace)
    const library = libraryOf(workspace)
    const backends = createBackends(spawner)
    const experiments = experimentDependencies(spawner, backends, cores, library, featuresOf(workspace), modelsOf(workspace))
    const lab = await createLab({
      info: { version, transport, runtime, platform: process.platform },
      store,
      clock: systemClock,
      newId: randomUUID,
      experiments: { start: (request) => startExperiment(request, experiments), open: (folder) => openResults(fileStore, folder) },
      backends: {
        describe: async () => {
          const { backend, jobs } = store.settings()
          const { id, device } = await backends.resolve(backend)
          const slots = jobs === 'auto' ? cores : jobs
          return { id, device, jobs: slots, label: `${backendTitles[id]} · ${device} × ${slots}` }
        },
        doctor: () => doctorReport({ backends, workspace }),
      },
      datasets: {
        list: () => listDatasets(library),
        open: () => spawner.spawn(),
        ...openUploads(join(library, '.uploads')),
        ...openSaved(savedOf(library)),
        remove: async (id) => void (await removeDataset(library, id)),
        restore: async (id) => storedInfo(await restoreDataset(library, id)),
        addSplit: async (id, ...split) => addSplit(library, await datasetInfo(id, workspace, library), ...split),
        readSplit: async (id, name) => Buffer.from(await readSplit(library, await datasetInfo(id, workspace, library), name)),
        removeSplit: async (id, name) => removeSplit(library, await datasetInfo(id, workspace, library), name),
      },
      models: {
        list: async () => (await listModels(modelsOf(workspace))).map(modelInfo),
        bring: (paths, about) => bringModel(modelsOf(workspace), paths, about),
      },
      features: {
        list: () => listFeatures(featuresOf(workspace)),
        networks: () => featureNetworks(modelsOf(workspace)),
        fetch: (network, signal, onProgress) => fetchNetwork(modelsOf(workspace), network, signal, onProgress),
        open: () => spawner.spawn(),
        unfinished: () => readUnfinished(featuresOf(workspace)),
        noteUnfinished: (requests) => noteUnfinished(featuresOf(workspace), requests),
      },
      downloads: {
        list: () => publicSets().map(factsOf),
        received: (id) => receivedOf(library, id),
        fetch: (id, mirror, signal, onProgress) => downloadSet({ set: requirePublicSet(id), library, mirror, signal, onProgress }),
        discard: (id) => discardDownload(library, id),
      },
      labelling: labellingSessions(labellingOf(workspace), library, spawner, experiments),
      arrivals: arrivalFiles(join(workspace, 'cache', 'work')),
      storage: {
        ...storageFiles({
          maps: mapsOf(workspace),
          removedDatasets: join(library, '.removed'),
          downloads: downloadsOf(library),
          labelling: labellingOf(workspace),
          removedLabelling: removedSessions(labellingOf(workspace)),
          features: featuresOf(workspace),
          models: modelsOf(workspace),
        }),
        requireRoom: async (bytes) => (await roomOf(workspace))(bytes),
      },
      licences: listLicences,
      recipes: { list: listRecipes, text: recipeText },
      study: {
        plan: (studyText, studyPath, computed) =>
          planStudy({ studyText, studyPath, ...runSettings(store.settings()) }, experiments, computed),
        describe: describeStudy,
      },
      exporting: {
        table: (results, table) => csvTable(table, results),
        indices: (view, folder, request) => indexFile(view, request, splitTextOf(view, folder)),
        figure: async ({ results, strategies }, request, { format, ...look }) => {
          const figure = await printRequested(results, strategies, request, resourcePath('fonts'))
          const { caption, widthMm, heightMm } = figure
          return { bytes: await figure.file(format, look), caption, latex: figureLatex(figure), widthMm, heightMm }
        },
        tables: (view) => paperOf(view).tables.map(({ id, title }) => ({ id, title })),
        tableViews: (view, tables, baseline) => tableViews(paperOf(view, baseline), tables),
        sheet: async (view, drawn, { baseline, ...sheet }) =>
          zip(await sheetFiles(paperOf(view, baseline), sheet, resourcePath('fonts'), drawn)),
        results: resultsOf,
        paper: (view, part, baseline) =>
          paperPart(paperOf(view, baseline), part, { widthMm: 139.7, fontPt: 9, fontsDir: resourcePath('fonts') }),
      },
      viewing: {
        open: () => spawner.spawn(),
        librarySource: async (id) => {
          const { rows, sha256 } = await datasetInfo(id, workspace, library)
          return { source: { dataset: id, datasetName: id, datasetSha256: sha256, baseDir: workspace }, rows }
        },
        baseDir: (folder, base) => resolve(folder, base),
        keptArray: (folder, run, name) => readArtifact(join(folder, 'runs', run, `${name}.npy`)),
        ...mapFiles(mapsOf(workspace)),
      },
      onBusy: onBusy ?? (() => undefined),
      onNotice,
    })
    return {
      ...lab,
      dispose: async () => {
        await lab.dispose().finally(() => lock.release())
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function own(workspace: string): Promise<Lock> {
  try {
    await makeFolder(workspace)
    return await acquireLock(join(workspace, 'lock'), 'workspace')
  } catch (error) {
    throw error instanceof QuerentError ? error : notWritable('workspace', workspace, error)
  }
}

/** What the settings say about running; a study decides where they leave it open. */
const runSettings = ({ backend, jobs }: Settings): { backend?: Settings['backend']; jobs?: number } => ({
  ...(backend === 'auto' ? {} : { backend }),
  ...(jobs === 'auto' ? {} : { jobs }),
})

const backendTitles = { 'onnx-native': 'ONNX native', 'onnx-wasm': 'ONNX wasm', tfjs: 'TensorFlow.js', reference: 'Reference' } as const
