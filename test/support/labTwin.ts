import type { LabClient } from '@contract/commands'
import { connectLab, portPair } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'
import type { SplitRows } from '@engine/study/runFiles'
import { createLab, type Lab } from '@main/lab/lab'
import { describeStudy } from '@main/lab/describeStudy'
import { resultsOf } from '@main/lab/resultSet'
import type { LabDependencies } from '@main/lab/dependencies'
import type { WorkspaceIndex, WorkspaceStore } from '@main/lab/workspacePort'
import type { Settings } from '@contract/types'
import type { MapFrame } from '@engine/maps/layout'
import { createExperimentTwins, type ExperimentTwins } from './experimentTwins'
import { memoryLabelling } from './memoryLabelling'
import { blurredDigits, splitsIn, viewerOver } from './viewerTwin'

/** A workspace in memory; what it holds outlives the lab that used it, as a folder does. */
export interface MemoryWorkspace extends WorkspaceStore {
  readonly studies: Map<string, string>
  damage: string[]
  /** every write is refused from now on, as on a full disk */
  full: boolean
}

export function memoryWorkspace(): MemoryWorkspace {
  let index: WorkspaceIndex = { format: 1, active: null, projects: [], experiments: [] }
  let settings: Settings = { theme: 'system', jobs: 'auto', backend: 'auto' }
  const studies = new Map<string, string>()
  const write = async (work: () => void): Promise<void> => {
    await Promise.resolve()
    if (workspace.full) throw new QuerentError('disk-full', 'the disk is full', { file: 'workspace.json' })
    work()
  }
  const workspace: MemoryWorkspace = {
    folder: '/workspace',
    damage: [],
    full: false,
    studies,
    index: () => index,
    update: (change) => write(() => void (index = structuredClone(change(index)))),
    settings: () => settings,
    changeSettings: (change) => write(() => void (settings = change(settings))),
    readStudy: async (project) => {
      const text = studies.get(project)
      if (text === undefined) throw new QuerentError('not-found', 'the study of this project is gone')
      return text
    },
    writeStudy: (project, yaml) => write(() => void studies.set(project, yaml)),
    studyPath: (project) => `/workspace/projects/${project}/study.yaml`,
    projectFolder: (project) => `/workspace/projects/${project}`,
    experimentFolder: (project, experiment) => `/workspace/projects/${project}/results/${experiment}`,
    close: () => Promise.resolve(),
  }
  return workspace
}

export const tinyStudy = `study: tiny
dataset: wine
model: { type: linear }
protocol: { seeds: 2, initial: 6, query: 3, rounds: 2 }
strategies: [random, margin]
`

export interface LabTwin {
  readonly lab: Lab
  readonly client: LabClient
  readonly workspace: MemoryWorkspace
  readonly experiments: ExperimentTwins
  /** what `onBusy` said */
  readonly busy: readonly boolean[]
  /** another window */
  connect(): LabClient
}

/** The real lab over a memory workspace and experiments that move when the test says so. */
export async function openLabTwin(workspace = memoryWorkspace(), experiments = createExperimentTwins()): Promise<LabTwin> {
  let ids = workspace.index().projects.length + workspace.index().experiments.length
  let minute = ids
  const busy: boolean[] = []
  const viewed = blurredDigits(60)
  const splits = new Map<string, SplitRows>()
  const maps = new Map<string, MapFrame>()
  const deps: LabDependencies = {
    info: { version: '0.0.0', transport: 'web', runtime: 'test', platform: 'test' },
    store: workspace,
    clock: { now: () => new Date(Date.UTC(2026, 0, 1, 0, minute++)), ticks: () => minute++ },
    newId: () => `id-${++ids}`,
    experiments,
    backends: {
      describe: async () => ({ id: 'reference', label: 'Reference', device: 'CPU', jobs: 2 }),
      doctor: () => Promise.reject(new QuerentError('unsupported', 'no doctor here')),
    },
    datasets: {
      list: async () => [],
      open: () => Promise.reject(new QuerentError('unsupported', 'no imports here')),
      receive: async (_upload, _name, offset, bytes) => offset + bytes.length,
      uploaded: async (upload) => [upload],
      forget: async () => undefined,
      newFile: async (name) => ({ saved: '0'.repeat(64), path: `/saved/${name}` }),
      drop: async () => undefined,
      remove: async () => undefined,
      restore: () => Promise.reject(new QuerentError('not-found', 'nothing was removed')),
      ...splitsIn(splits),
    },
    models: { list: async () => [], bring: () => Promise.reject(new QuerentError('unsupported', 'no models here')) },
    features: {
      list: async () => [],
      networks: () => [],
      fetch: () => Promise.reject(new QuerentError('unsupported', 'no networks here')),
      open: () => Promise.reject(new QuerentError('unsupported', 'no features here')),
      unfinished: async () => [],
      noteUnfinished: async () => undefined,
    },
    downloads: {
      list: () => [],
      received: async () => 0,
      fetch: () => Promise.reject(new QuerentError('unsupported', 'no downloads here')),
      discard: async () => undefined,
    },
    labelling: memoryLabelling(60, () => new Date(Date.UTC(2026, 0, 1)).toISOString()),
    arrivals: {
      look: async (path) => {
        if (path.endsWith('.yaml')) return { kind: 'study', name: 'brought', yaml: tinyStudy }
        if (path.endsWith('.zip')) return { kind: 'project' }
        await experiments.open(path)
        return { kind: 'results' }
      },
      move: async () => undefined,
      unpack: async (path, folder) => {
        workspace.studies.set(folder.split('/').at(-1) ?? '', tinyStudy)
        const at = '2026-01-01T00:00:00.000Z'
        const experiment = { id: 'missing', name: 'tiny', startedAt: at, finishedAt: at }
        return { name: 'packed', createdAt: at, experiments: path.includes('damaged') ? [experiment] : [] }
      },
      pack: async (about) => new TextEncoder().encode(JSON.stringify(about)),
      remove: async (folder) => void workspace.studies.delete(folder.split('/').at(-1) ?? ''),
    },
    storage: {
      measure: async (folders) => ({ files: folders.length, bytes: 100 * folders.length }),
      remove: async (folders) => void folders.forEach((folder) => workspace.studies.delete(folder.split('/').at(-1) ?? '')),
      maps: '/workspace/cache/maps',
      removedDatasets: '/workspace/datasets/.removed',
      downloads: '/workspace/datasets/.downloads',
      labelling: '/workspace/labelling',
      removedLabelling: '/workspace/labelling/.removed',
      features: '/workspace/features',
      models: '/workspace/models',
      entries: async () => [],
      requireRoom: async () => undefined,
      removeEntries: async () => undefined,
    },
    licences: async () => [],
    recipes: {
      list: async () => [
        { id: 'sample', title: 'Sample', paper: '', question: '', look: '', expect: '', dataset: 'wine', estimatedSeconds: 1 },
        {
          id: 'entropy-alone',
          title: 'Entropy alone',
          paper: '',
          question: '',
          look: '',
          expect: '',
          dataset: 'wine',
          estimatedSeconds: 1,
        },
      ],
      text: async (id) => {
        if (id !== 'sample' && id !== 'entropy-alone') throw new QuerentError('not-found', `there is no recipe "${id}"`)
        return tinyStudy.replace('tiny', id)
      },
    },
    study: {
      plan: async (_text, path, computed) => ({
        valid: true,
        runs: 4,
        fits: 12,
        estimatedSeconds: 1,
        estimatedBytes: 1,
        estimatedMemoryBytes: 1,
        findings: [],
        grid: [{ strategy: path, strategyId: 'random', factors: {}, seeds: 2, computed: computed.size }],
      }),
      describe: describeStudy,
    },
    exporting: {
      table: (results, table) => `${table},${results.runs.length}\n`,
      indices: (view, _folder, { what, format }) => ({ name: `${what}.${format}`, bytes: new TextEncoder().encode(view.studyText) }),
      figure: async ({ results }) => ({
        bytes: new TextEncoder().encode(results.strategies.join()),
        caption: 'A figure.',
        latex: '\\caption{A figure.}',
        widthMm: 100,
        heightMm: 50,
      }),
      tables: () => [{ id: 'results', title: 'Results' }],
      tableViews: () => [],
      sheet: async (_view, _drawn, { figures, tables }) => new TextEncoder().encode(`${figures.length} ${tables.join()}`),
      results: resultsOf,
      paper: async (view, part, baseline) => new TextEncoder().encode(`${part} ${baseline} ${view.studyText}`),
    },
    viewing: {
      open: async () => viewerOver(viewed, splits),
      librarySource: async (id) => {
        if (id !== 'digits') throw new QuerentError('not-found', `the library has no data set ${id}`)
        return { source: { dataset: id, datasetName: id, datasetSha256: viewed.sha256, baseDir: '/' }, rows: viewed.train.rows }
      },
      baseDir: (folder, base) => `${folder}/${base}`,
      keptArray: async () => null,
      keptMap: async (key, rows) => (maps.get(key)?.rows.length === rows ? maps.get(key)! : null),
      keepMap: async (key, frame) => void maps.set(key, frame),
    },
    onBusy: (next) => busy.push(next),
  }
  const lab = await createLab(deps)
  const connect = (): LabClient => {
    const [server, client] = portPair((message) => structuredClone(message))
    lab.attach(server)
    return connectLab(client)
  }
  return { lab, workspace, experiments, busy, connect, client: connect() }
}
