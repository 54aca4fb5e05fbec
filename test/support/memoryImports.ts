import type { LabEventName, LabEvents } from '@contract/commands'
import type { ImportPreview } from '@contract/importing'
import type { Handlers } from '@contract/rpc'
import type { DatasetInfo } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import type { SplitRows } from '@engine/study/runFiles'
import type { DatasetSource, Viewer } from '@main/lab/ports'
import { libraryData } from './memoryContent'
import { dataLike, otherKinds } from './memoryData'
import { pool } from './memoryRuns'
import { splitsIn, viewerOver } from './viewerTwin'

type ImportHandlers = Pick<
  Handlers,
  | 'datasets.list'
  | 'datasets.upload'
  | 'datasets.preview'
  | 'datasets.import'
  | 'datasets.stop'
  | 'datasets.remove'
  | 'datasets.restore'
  | 'datasets.facts'
  | 'datasets.drawSplit'
  | 'datasets.bringSplit'
  | 'datasets.save'
  | 'datasets.saveSplit'
  | 'datasets.removeSplit'
>

const preview: ImportPreview = {
  importer: 'csv',
  title: 'CSV or TSV',
  form: 'table',
  arrays: [],
  columns: [
    { name: 'width', kind: 'text', role: 'number', note: '1 missing' },
    { name: 'colour', kind: 'text', role: 'category', note: '2 values' },
    { name: 'species', kind: 'text', role: 'label', note: '' },
  ],
  mapping: { id: 'flowers', kind: 'tabular', label: 'species', split: null, columns: { width: 'number', colour: 'category' } },
  kind: 'tabular',
  shape: [3],
  valueNames: ['width', 'colour = red', 'colour = white'],
  rows: [
    { values: [1.5, 1, 0], label: 'rose', split: 'train', text: '' },
    { values: [2.5, 0, 1], label: 'lily', split: 'train', text: '' },
  ],
  total: null,
  problems: [],
  refusal: null,
}

/** The data library in memory: every upload is the same table of flowers. */
export function memoryImports(
  emit: <E extends LabEventName>(event: E, payload: LabEvents[E]) => void,
  kinds: boolean,
): ImportHandlers & { viewerOf(id: string): Viewer; removedSets(): readonly DatasetInfo[] } {
  let brought: readonly DatasetInfo[] = kinds ? otherKinds : []
  let removed: readonly DatasetInfo[] = []
  const take = (from: readonly DatasetInfo[], id: string): DatasetInfo => {
    const found = from.find((set) => set.id === id)
    if (found === undefined) throw new QuerentError('not-found', `no imported data set is called "${id}"`)
    return found
  }
  const opened = new Map<string, { readonly viewer: Viewer; readonly splits: ReturnType<typeof splitsIn> }>()
  const open = (id: string) => {
    const known = opened.get(id)
    if (known) return known
    const splits = new Map<string, SplitRows>()
    const dataset = id === 'digits' ? pool : dataLike(take([...libraryData, ...brought], id))
    const made = { viewer: viewerOver(dataset, splits), splits: splitsIn(splits) }
    opened.set(id, made)
    return made
  }
  const sourceOf = (dataset: string): DatasetSource => ({ dataset, datasetName: dataset, datasetSha256: '', baseDir: '/' })
  return {
    viewerOf: (id) => open(id).viewer,
    removedSets: () => removed,
    'datasets.facts': ({ dataset }) => open(dataset).viewer.facts(sourceOf(dataset)),
    'datasets.drawSplit': ({ dataset, ...request }) => open(dataset).viewer.drawSplit({ ...sourceOf(dataset), ...request }),
    'datasets.save': ({ task, dataset, format }) => {
      emit('datasets.saving', { task, progress: 0.5 })
      return { saved: '0'.repeat(64), name: `${dataset}.${format}` }
    },
    'datasets.bringSplit': async ({ dataset, name, text, file }) => {
      await open(dataset).splits.addSplit(dataset, name, text, file)
      return null
    },
    'datasets.saveSplit': async ({ dataset, name }) => ({
      name: `${dataset}-${name}.json`,
      mime: 'application/json',
      bytes: await open(dataset).splits.readSplit(dataset, name),
    }),
    'datasets.removeSplit': async ({ dataset, name }) => {
      await open(dataset).splits.removeSplit(dataset, name)
      return null
    },
    'datasets.list': () => [...libraryData, ...brought],
    'datasets.upload': ({ offset, bytes }) => ({ received: offset + bytes.length }),
    'datasets.preview': ({ mapping }) => ({
      ...preview,
      columns: preview.columns.map((column) => ({ ...column, role: mapping.columns?.[column.name] ?? column.role })),
      mapping: { ...preview.mapping, ...mapping },
    }),
    'datasets.import': ({ task, mapping }) => {
      emit('datasets.progress', { task, phase: 'reading', rows: 2, total: null })
      const id = mapping.id ?? 'flowers'
      const dataset: DatasetInfo = {
        ...libraryData[0],
        id,
        title: mapping.title ?? id,
        kind: 'tabular',
        rows: 2,
        testRows: 0,
        classes: 2,
        shape: [3],
        bytes: 32,
        source: 'flowers.csv',
        licence: mapping.licence ?? '',
        imported: true,
      }
      brought = [...brought.filter((set) => set.id !== id), dataset]
      return { dataset, known: false, notes: [] }
    },
    'datasets.stop': () => null,
    'datasets.remove': ({ dataset }) => {
      removed = [...removed, take(brought, dataset)]
      brought = brought.filter(({ id }) => id !== dataset)
      return null
    },
    'datasets.restore': ({ dataset }) => {
      const set = take(removed, dataset)
      removed = removed.filter((each) => each !== set)
      brought = [...brought, set]
      return set
    },
  }
}
