import type { DownloadableSet, DownloadState, SetProgress } from '@contract/downloads'
import { encodeError } from '@contract/errorCodec'
import type { Handlers } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'
import type { Hub } from './hub'
import type { Notices } from './notices'
import type { ImportAssignment } from './ports'

/** Brings the files of public data sets. */
export interface SetDownloads {
  list(): readonly Omit<DownloadableSet, 'state'>[]
  /** Bytes on the disk of a download that did not end. */
  received(set: string): Promise<number>
  /** Downloads what is missing; a stop keeps what has come. */
  fetch(
    set: string,
    mirror: string | undefined,
    signal: AbortSignal,
    onProgress: (progress: SetProgress) => void,
  ): Promise<ImportAssignment>
  discard(set: string): Promise<void>
}

export interface Downloads {
  readonly handlers: Pick<Handlers, 'downloads.list' | 'downloads.start' | 'downloads.pause' | 'downloads.cancel'>
  stop(): Promise<void>
}

interface Running {
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** Downloads of public sets into the library: they go on while pages come and go, and from what has come after a stop. */
export function createDownloads(
  { downloads, datasets }: Pick<LabDependencies, 'downloads' | 'datasets'>,
  hub: Hub,
  notices: Notices,
  requireRoom: (bytes: number) => Promise<void>,
): Downloads {
  const running = new Map<string, Running>()
  const states = new Map<string, DownloadState>()

  const require = (id: string): Omit<DownloadableSet, 'state'> => {
    const set = downloads.list().find((candidate) => candidate.id === id)
    if (set === undefined) throw new QuerentError('not-found', `no data set called "${id}" can be downloaded`, { found: id })
    return set
  }
  const tell = (set: string, change: Partial<DownloadState>): void => {
    const state = { ...(states.get(set) ?? idle(require(set))), bytesPerSecond: null, etaMs: null, ...change }
    states.set(set, state)
    hub.emit('downloads.changed', state)
  }

  async function run(set: string, mirror: string | undefined, stop: AbortController): Promise<void> {
    try {
      const assignment = await downloads.fetch(set, mirror, stop.signal, (progress) => tell(set, progress))
      tell(set, { phase: 'importing' })
      const job = await datasets.open()
      const end = (): void => void job.dispose()
      stop.signal.addEventListener('abort', end)
      try {
        stop.signal.throwIfAborted()
        const { dataset } = await job.import(assignment, () => undefined)
        tell(set, { phase: 'here' })
        notices.add('note', `Downloaded ${dataset.id}`, `${dataset.rows} rows. Licence: ${dataset.licence}.`)
      } finally {
        stop.signal.removeEventListener('abort', end)
        await job.dispose()
      }
      await downloads.discard(set)
    } catch (error) {
      if (stop.signal.aborted) return tell(set, { phase: 'paused' })
      tell(set, { phase: 'failed', error: encodeError(error) })
      notices.add('error', `${set} could not be downloaded`, error instanceof Error ? error.message : String(error))
    } finally {
      running.delete(set)
    }
  }

  async function pause(set: string): Promise<void> {
    const current = running.get(set)
    current?.stop.abort()
    await current?.ended
  }

  return {
    handlers: {
      'downloads.list': async () => {
        const here = new Set((await datasets.list()).filter(({ available }) => available).map(({ id }) => id))
        return Promise.all(downloads.list().map(async (set) => ({ ...set, state: await stateOf(set, here.has(set.id)) })))
      },
      'downloads.start': async ({ set, mirror }) => {
        const { bytes } = require(set)
        if (running.has(set)) return null
        await requireRoom(bytes - (await downloads.received(set)))
        if (running.has(set)) return null // two windows at once
        const stop = new AbortController()
        tell(set, { phase: 'receiving', error: null })
        running.set(set, { stop, ended: Promise.resolve().then(() => run(set, mirror, stop)) })
        return null
      },
      'downloads.pause': async ({ set }) => {
        await pause(set)
        return null
      },
      'downloads.cancel': async ({ set }) => {
        await pause(set)
        await downloads.discard(set)
        tell(set, { ...idle(require(set)) })
        return null
      },
    },
    stop: async () => {
      await Promise.all([...running.keys()].map(pause))
    },
  }

  async function stateOf(set: Omit<DownloadableSet, 'state'>, isHere: boolean): Promise<DownloadState> {
    const known = states.get(set.id)
    if (isHere) return { ...idle(set), phase: 'here' }
    if (known !== undefined && known.phase !== 'here') return known
    const received = await downloads.received(set.id)
    return { ...idle(set), phase: received > 0 ? 'paused' : 'none', received }
  }
}

const idle = ({ id, bytes }: Omit<DownloadableSet, 'state'>): DownloadState => ({
  set: id,
  phase: 'none',
  received: 0,
  total: bytes,
  bytesPerSecond: null,
  etaMs: null,
  error: null,
})
