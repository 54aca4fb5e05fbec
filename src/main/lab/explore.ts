import type { CommandInput } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'
import type { MapFrame, MapMethod } from '@engine/maps/layout'
import type { LabDependencies } from './dependencies'
import type { Experiments } from './experiments'
import type { Hub } from './hub'
import type { DatasetSource, Viewer } from './ports'
import { mapSeed, selectionOf } from './selection'
import { createTasks } from './tasks'

type ExploreHandlers = Pick<
  Handlers,
  | 'explore.map'
  | 'explore.stop'
  | 'explore.round'
  | 'datasets.facts'
  | 'datasets.drawSplit'
  | 'explore.labels'
  | 'explore.samples'
  | 'explore.neighbours'
  | 'explore.animate'
  | 'explore.stopAnimation'
>
type Subject = CommandInput<'explore.samples'>['of']

export interface Explore {
  readonly handlers: ExploreHandlers
  stop(): Promise<void>
}

interface Making {
  readonly rows: number
  frame: MapFrame | null
  viewer: Viewer | null
  stopped: boolean
}

interface LiveMap extends Making {
  /** every row in its place; rejects when that fails or is stopped */
  readonly done: Promise<MapFrame>
}

/** Finished maps kept in memory. */
const mostMaps = 8
const viewerIdleMs = 120_000

/** Questions about data sets, answered by processes of their own: the lab never reads an array. */
export function createExplore({ viewing }: Pick<LabDependencies, 'viewing'>, hub: Hub, experiments: Experiments): Explore {
  const maps = new Map<string, LiveMap>()
  let viewer: Promise<Viewer> | null = null
  let idle: ReturnType<typeof setTimeout> | undefined
  let queue: Promise<unknown> = Promise.resolve()
  const animations = createTasks(() => viewing.open(), 'the animation was stopped; nothing was saved')

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

  async function lay(key: string, live: Making, source: DatasetSource, method: MapMethod): Promise<MapFrame> {
    const show = (frame: MapFrame): void => {
      live.frame = frame
      hub.emit('explore.frame', { map: key, frame, error: null })
    }
    try {
      live.viewer = await viewing.open()
      if (live.stopped) throw stopped()
      await live.viewer.map({ ...source, method, seed: mapSeed }, show)
      await viewing.keepMap(key, live.frame!)
      return live.frame!
    } catch (error) {
      maps.delete(key)
      if (live.stopped) throw stopped()
      hub.emit('explore.frame', { map: key, frame: null, error: error instanceof Error ? error.message : String(error) })
      throw error
    } finally {
      await live.viewer?.dispose()
      live.viewer = null
    }
  }

  /** The map as far as it is; starts one that nobody has asked for yet. */
  async function mapOf(of: Subject, method: MapMethod): Promise<{ readonly key: string; readonly live: LiveMap }> {
    const { source, rows } = await sourceOf(of)
    const key = `${source.datasetSha256.slice(0, 24)}-${method}`
    const known = maps.get(key)
    if (known) return { key, live: known }
    const kept = await viewing.keptMap(key, rows)
    const meanwhile = maps.get(key)
    if (meanwhile) return { key, live: meanwhile }
    const making: Making = { rows, frame: kept, viewer: null, stopped: false }
    const live: LiveMap = Object.assign(making, { done: kept === null ? lay(key, making, source, method) : Promise.resolve(kept) })
    maps.set(key, live)
    live.done.catch(() => undefined) // told as an event, and to those who wait for it
    for (const [old, { frame }] of maps) if (maps.size > mostMaps && old !== key && frame?.progress === 1) maps.delete(old)
    return { key, live }
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
        const { key, live } = await mapOf(of, method)
        return { map: key, rows: live.rows, frame: live.frame }
      },
      'explore.stop': async ({ map }) => {
        await stopMap(map)
        return null
      },
      'explore.round': ({ experiment, run, round }) => experiments.keptRound(experiment, run, round),
      'datasets.facts': async ({ dataset }) => {
        const { source } = await viewing.librarySource(dataset)
        return ask((open) => open.facts(source))
      },
      'datasets.drawSplit': async ({ dataset, ...request }) => {
        const { source } = await viewing.librarySource(dataset)
        return ask((open) => open.drawSplit({ ...source, ...request }))
      },
      'explore.labels': async ({ of, part }) => {
        const { source } = await sourceOf(of)
        return ask((open) => open.labels({ ...source, part }))
      },
      'explore.samples': async ({ of, ...request }) => {
        const { source } = await sourceOf(of)
        return ask((open) => open.samples({ ...source, ...request }))
      },
      'explore.neighbours': async ({ of, row, among, k }) => {
        const { source } = await sourceOf(of)
        return ask((open) => open.neighbours({ ...source, row, among, k }))
      },
      'explore.animate': async ({ task, experiment, dataset, method, runs, format, ...timing }) => {
        const bytes = await animations.run(task, async (viewer) => {
          const { live } = await mapOf({ experiment, dataset }, method)
          const map = selectionOf(await experiments.view(experiment), runs, method, await live.done)
          return viewer.animate({ map, format, ...timing }, (progress) => hub.emit('explore.animation', { task, progress }))
        })
        return { name: `selection-${method}.${format === 'svg' ? 'zip' : format}`, mime: animationTypes[format], bytes }
      },
      'explore.stopAnimation': async ({ task }) => {
        await animations.stop(task)
        return null
      },
    },
    stop: async () => {
      clearTimeout(idle)
      await animations.stopAll()
      await Promise.all([...maps.keys()].map(stopMap))
      await close()
    },
  }
}

const stopped = (): QuerentError => new QuerentError('cancelled', 'the map was stopped')

const animationTypes = { gif: 'image/gif', mp4: 'video/mp4', svg: 'application/zip' } as const
