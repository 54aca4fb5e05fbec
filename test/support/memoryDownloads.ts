import type { DownloadableSet, DownloadState } from '@contract/downloads'
import type { LabEventName, LabEvents } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import type { StoredThing } from '@contract/storage'
import { QuerentError } from '@engine/core/errors'
import { modelLists } from './memoryModels'

type DownloadHandlers = Pick<Handlers, 'downloads.list' | 'downloads.start' | 'downloads.pause' | 'downloads.cancel'>

const sets: readonly Omit<DownloadableSet, 'state'>[] = [
  {
    id: 'cifar-10',
    title: 'CIFAR-10, 50,000 + 10,000 colour images of 32×32 pixels',
    kind: 'image',
    rows: 50_000,
    testRows: 10_000,
    classes: 10,
    source: 'CIFAR-10 (Krizhevsky 2009), binary version',
    licence: 'none stated; its authors ask to cite the technical report',
    bytes: 170_052_171,
    isExact: true,
    hosts: ['www.cs.toronto.edu'],
    isChecked: true,
  },
  {
    id: 'sms-spam',
    title: 'SMS Spam Collection, 5,574 messages',
    kind: 'text',
    rows: 5_574,
    testRows: 0,
    classes: 2,
    source: 'SMS Spam Collection (Almeida & Gómez Hidalgo 2011), UCI Machine Learning Repository',
    licence: 'CC BY 4.0',
    bytes: 203_415,
    isExact: false,
    hosts: ['archive.ics.uci.edu'],
    isChecked: false,
  },
]

/** Downloads in memory: the first start comes to 40 % and stays there, the next one fails for texts and finishes for images. */
export function memoryDownloads(emit: <E extends LabEventName>(event: E, payload: LabEvents[E]) => void): DownloadHandlers {
  const nothing = ({ id, bytes }: Omit<DownloadableSet, 'state'>): DownloadState => ({
    set: id,
    phase: 'none',
    received: 0,
    total: bytes,
    bytesPerSecond: null,
    etaMs: null,
    error: null,
  })
  const states = new Map(sets.map((set) => [set.id, nothing(set)]))
  const change = (id: string, to: (state: DownloadState) => Partial<DownloadState>): null => {
    const state = states.get(id)
    if (state === undefined) throw new QuerentError('not-found', `no data set called "${id}" can be downloaded`)
    const next = { ...state, bytesPerSecond: null, etaMs: null, ...to(state) }
    states.set(id, next)
    emit('downloads.changed', next)
    return null
  }
  const gone = { code: 'network', message: 'archive.ics.uci.edu: the file is not there any more (404)', details: {} } as const
  return {
    'downloads.list': () => sets.map((set) => ({ ...set, state: states.get(set.id) ?? nothing(set) })),
    'downloads.start': ({ set }) =>
      change(set, ({ received, total }) => {
        if (received === 0) return { phase: 'receiving', received: 0.4 * total, bytesPerSecond: 2_500_000, etaMs: 41_000, error: null }
        return set === 'cifar-10' ? { phase: 'here', received: total } : { phase: 'failed', error: gone }
      }),
    'downloads.pause': ({ set }) => change(set, () => ({ phase: 'paused' })),
    'downloads.cancel': ({ set }) => change(set, () => ({ phase: 'none', received: 0, error: null })),
  }
}

/** Things that take room: one that a project names, and one that none does; and the models and features, whose lists lose what is freed. */
export function memoryThings(): Pick<Handlers, 'storage.unused' | 'storage.free' | 'models.list' | 'models.import' | 'features.list'> {
  const gone = new Set<string>()
  let things: readonly StoredThing[] = [
    { kind: 'download', id: 'stl-10', name: 'stl-10', bytes: 1_200_000_000, usedBy: [] },
    { kind: 'dataset', id: 'flowers', name: 'Flowers of 1936', bytes: 45_000_000, usedBy: ['gradnorm-ablation'] },
  ]
  return {
    ...modelLists((id) => gone.has(id)),
    'storage.unused': () => [...things],
    'storage.free': ({ things: chosen }) => {
      for (const { id } of chosen) gone.add(id)
      things = things.filter(({ kind, id }) => !chosen.some((thing) => thing.kind === kind && thing.id === id))
      return [...things]
    },
  }
}
