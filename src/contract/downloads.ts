import type { DatasetKind } from '@engine/data/dataset'
import { z } from '@engine/core/zod'
import { command, id, nothing } from './command'
import type { WireError } from './errorCodec'

/** A public data set that can be downloaded, and how far that has come. */
export interface DownloadableSet {
  readonly id: string
  readonly title: string
  readonly kind: DatasetKind
  readonly rows: number
  readonly testRows: number
  readonly classes: number
  readonly source: string
  readonly licence: string
  /** of all files, as they are sent */
  readonly bytes: number
  /** `bytes` is what is published, not about that */
  readonly isExact: boolean
  /** servers in the order they are asked */
  readonly hosts: readonly string[]
  /** the publishers' checksums are known for all files */
  readonly isChecked: boolean
  readonly state: DownloadState
}

export interface DownloadState {
  readonly set: string
  /** `here`: in the library; `paused`: what has come lies on the disk */
  readonly phase: 'none' | 'receiving' | 'checking' | 'importing' | 'paused' | 'failed' | 'here'
  readonly received: number
  readonly total: number
  readonly bytesPerSecond: number | null
  readonly etaMs: number | null
  readonly error: WireError | null
}

/** How far the files of a set have come. */
export type SetProgress = Pick<DownloadState, 'received' | 'total' | 'bytesPerSecond' | 'etaMs'> & {
  readonly phase: 'receiving' | 'checking'
}

export const downloadCommands = {
  /** Public data sets, and how far their downloads have come. */
  'downloads.list': command<DownloadableSet[]>()(nothing),
  /** Starts a download, or goes on with it; `downloads.changed` tells the rest. `mirror`: a folder of files, asked instead. */
  'downloads.start': command<null>()(
    z.strictObject({
      set: id,
      mirror: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .optional(),
    }),
  ),
  'downloads.pause': command<null>()(z.strictObject({ set: id })),
  /** Stops and throws away what has come. */
  'downloads.cancel': command<null>()(z.strictObject({ set: id })),
} as const
