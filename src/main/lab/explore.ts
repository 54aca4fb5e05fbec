import type { CommandInput } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'
import type { MapFrame } from '@engine/maps/layout'
import type { LabDependencies } from './dependencies'
import type { Experiments } from './experiments'
import type { Hub } from './hub'
import type { DatasetSource, Viewer } from './ports'

type ExploreHandlers = Pick<
  Handlers,
  'explore.map' | 'explore.stop' | 'explore.round' | 'explore.labels' | 'explore.samples' | 'explore.neighbours'
>
type Subject = CommandInput<'explore.samples'>['of']

export interface Explore {
  readonly handlers: ExploreHandlers
  stop(): Promise<void>
}

interface LiveMap {
  readonly rows: number
  frame: MapFrame | null
  viewer: Viewer | null
  stopped: boolean
}

/** Maps are of the data, not of a run: one seed for all, so that a set looks the same in every project. */
const mapSeed = 0
/** Finished maps kept in memory. */
const mostMaps = 8
const viewerIdleMs = 120_000

/** Questions about data sets, answered by processes of their own: the lab never reads an array. */
export function createExplore({ viewing }: Pick<LabDependencies, 'viewing'>, hub: Hub, experiments: Experiments): Explore {
  const maps = new Map<string, LiveMap>()
  let viewer: Promise<Viewer> | null = null
  let idle: ReturnType<typeof setTimeout> | undefined
  let queue: Promise<unknown> = Promise.resolve()

  const sourceOf = async (of: Subject): Promise<{ source: DatasetSource; rows: number }> =>
    'library' in of ? viewing.librarySource(of.library) : experiments.datasetOf(of.experiment, of.dataset)

  /** One question at a time; the process leaves when nobody asks for a while, or when it fails. */
  function ask<T>(question: (viewer: Viewer) => Promise<T>): Promise<T> {
    const answer = queue.then(async () => {
      clearTimeout(idle)
      const opened = (viewer ??= viewing.open())
      try {
        return await question(await opened)
      } catch (error) {
        if (error instanceof QuerentError && error.code === 'job-crashed') viewer = null
        throw error
      } finally {
        idle = setTimeout(() => void close(), viewerIdleMs)
      }
    })
    queue = answer.catch(() => undefined)
    return answer
  }
  async function close(): Promise<void> {
    const opened = viewer
    viewer = null
    await (await opened?.catch(() => null))?.dispose()
  }

  async function lay(key: string, live: LiveMap, source: DatasetSource, method: CommandInput<'explore.map'>['method']): Promise<void> {
    const show = (frame: MapFrame): void => {
      live.frame = frame
      hub.emit('explore.frame', { map: key, frame, error: null })
    }
    try {
      live.viewer = await viewing.open()
      if (live.stopped) return
      await live.viewer.map({ ...source, method, seed: mapSeed }, show)
      if (live.frame !== null) await viewing.keepMap(key, live.frame)
    } catch (error) {
      maps.delete(key)
      if (live.stopped) return
      hub.emit('explore.frame', { map: key, frame: null, error: error instanceof Error ? error.message : String(error) })
    } finally {
      await live.viewer?.dispose()
      live.viewer = null
    }
  }

  const stopMap = async (key: string): Promise<void> => {
    const live = maps.get(key)
    if (!live || live.frame?.progress === 1) return
    maps.delete(key)
    live.stopped = true
    await live.viewer?.dispose()
  }

  return {
    handlers: {
      'explore.map': async ({ of, method }) => {
        const { source, rows } = await sourceOf(of)
        const key = `${source.datasetSha256.slice(0, 24)}-${method}`
        let live = maps.get(key)
        if (live === undefined) {
          const kept = await viewing.keptMap(key, rows)
          live = maps.get(key) ?? { rows, frame: kept, viewer: null, stopped: false }
          if (!maps.has(key)) {
            maps.set(key, live)
            if (kept === null) void lay(key, live, source, method)
          }
          for (const [old, { frame }] of maps) if (maps.size > mostMaps && old !== key && frame?.progress === 1) maps.delete(old)
        }
        return { map: key, rows, frame: live.frame }
      },
      'explore.stop': async ({ map }) => {
        await stopMap(map)
        return null
      },
      'explore.round': ({ experiment, run, round }) => experiments.keptRound(experiment, run, round),
      'explore.labels': async ({ of }) => {
        const { source } = await sourceOf(of)
        return ask((open) => open.labels(source))
      },
      'explore.samples': async ({ of, rows }) => {
        const { source } = await sourceOf(of)
        return ask((open) => open.samples({ ...source, rows }))
      },
      'explore.neighbours': async ({ of, row, among, k }) => {
        const { source } = await sourceOf(of)
        return ask((open) => open.neighbours({ ...source, row, among, k }))
      },
    },
    stop: async () => {
      clearTimeout(idle)
      await Promise.all([...maps.keys()].map(stopMap))
      await close()
    },
  }
}
