import { z } from '@engine/core/zod'
import { command, id, nothing } from './command'

/** Something that takes room in the workspace. */
export interface StorageItem {
  readonly id: 'results' | 'datasets' | 'features' | 'models' | 'maps' | 'downloads' | 'labelling' | 'removed' | 'removed-datasets'
  readonly items: number
  readonly bytes: number
}

/** A single thing of the library or a cache, and the projects whose studies name it. */
export interface StoredThing {
  readonly kind: 'dataset' | 'features' | 'model' | 'download'
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly usedBy: readonly string[]
}

/** Something that was deleted and can still be brought back, by the `restore` command of its kind. */
export interface RemovedThing {
  readonly kind: 'project' | 'results' | 'session' | 'dataset'
  readonly id: string
  readonly name: string
  /** of results: the project they belong to */
  readonly project: string | null
  readonly removedAt: string
  readonly bytes: number
}

export const storageCommands = {
  'storage.get': command<StorageItem[]>()(nothing),
  /** What was deleted and is still kept, newest first. */
  'storage.removed': command<RemovedThing[]>()(nothing),
  /** Frees the room of an item; what is left then. */
  'storage.clear': command<StorageItem[]>()(z.strictObject({ item: z.enum(['maps', 'datasets', 'removed', 'removed-datasets']) })),
  /** What of the library and the caches takes how much room, unused things first. */
  'storage.unused': command<StoredThing[]>()(nothing),
  /** Deletes things for good; refuses one that a project names unless `evenUsed`. What is left then. */
  'storage.free': command<StoredThing[]>()(
    z.strictObject({
      things: z.array(z.strictObject({ kind: z.enum(['dataset', 'features', 'model', 'download']), id })).max(1000),
      evenUsed: z.boolean(),
    }),
  ),
} as const
