import { encodeError } from '@contract/errorCodec'
import type { ExtractionRequest, ExtractionState, FeatureInfo, FeatureNetwork } from '@contract/features'
import type { Handlers } from '@contract/rpc'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'
import type { Hub } from './hub'
import type { Notices } from './notices'
import type { FeatureAssignment, FeatureJob } from './ports'
import { runFeatureJob } from './prepareFeatures'

/** The feature store, and the networks that fill it. */
export interface FeatureNetworks {
  list(): Promise<FeatureInfo[]>
  networks(): readonly FeatureNetwork[]
  /** Path of a public network's model; what is missing of its files is downloaded, a stop keeps what has come. */
  fetch(
    network: string,
    signal: AbortSignal,
    onProgress: (progress: { readonly received: number; readonly total: number | null; readonly etaMs: number | null }) => void,
  ): Promise<string>
  /** Starts a process that makes features. */
  open(): Promise<FeatureJob>
  /** Requests of extractions that the session before left unfinished. */
  unfinished(): Promise<readonly ExtractionRequest[]>
  noteUnfinished(requests: readonly ExtractionRequest[]): Promise<void>
}

export interface Extractions {
  readonly handlers: Pick<Handlers, 'features.list' | 'features.networks' | 'features.extractions' | 'features.extract' | 'features.stop'>
  stop(): Promise<void>
}

interface Running {
  readonly stop: AbortController
  readonly ended: Promise<void>
}

const tellMs = 100

/** Features made by networks, one extraction at a time for each data set: they go on while pages come and go, and from where a stop was. */
export function createExtractions(
  { features, datasets, viewing, storage, clock }: Pick<LabDependencies, 'features' | 'datasets' | 'viewing' | 'storage' | 'clock'>,
  hub: Hub,
  notices: Notices,
): Extractions {
  const running = new Map<string, Running>()
  const states = new Map<string, ExtractionState>()
  const remembered = features.unfinished().then((requests) => {
    for (const request of requests)
      states.set(request.dataset, { request, phase: 'stopped', step: 'rows', done: 0, total: null, etaMs: null, error: null })
  })
  let noted = remembered
  /** What the next session can go on with; files that a page sent go with this one. */
  const note = (): Promise<void> =>
    (noted = noted.then(() => {
      const open = [...states.values()].filter(({ phase }) => phase === 'running' || phase === 'stopped')
      const requests = open.map(({ request }) => request).filter(({ network }) => uploadOf(network) === undefined)
      return features.noteUnfinished(requests).catch(() => undefined) // a full disk stops the extraction itself
    }))

  const tell = (request: ExtractionRequest, change: Partial<ExtractionState>): void => {
    const known = states.get(request.dataset) ?? { step: 'rows', done: 0, total: null, phase: 'running' }
    const state: ExtractionState = { ...known, error: null, etaMs: null, ...change, request }
    states.set(request.dataset, state)
    hub.emit('features.changed', state)
  }

  /** The model and what is known about its inputs. */
  async function modelOf(
    request: ExtractionRequest,
    signal: AbortSignal,
  ): Promise<{ model: string; settings: FeatureNetwork['settings'] }> {
    const { network } = request
    if ('preset' in network) {
      const { settings } = requireNetwork(network.preset)
      const model = await features.fetch(network.preset, signal, ({ received, total, etaMs }) =>
        tell(request, { step: 'download', done: received, total, etaMs }),
      )
      return { model, settings }
    }
    const paths = 'paths' in network.files ? network.files.paths : await datasets.uploaded(network.files.upload)
    const models = paths.filter((path) => /\.onnx$/i.test(path))
    if (models.length !== 1)
      throw badInput('one .onnx file is needed', { path: 'network', found: paths.map(fileName).join(', '), expected: 'one .onnx file' })
    return { model: models[0], settings: {} }
  }

  function requireNetwork(id: string): FeatureNetwork {
    const networks = features.networks()
    const found = networks.find((network) => network.id === id)
    if (found !== undefined) return found
    const ids = networks.map((network) => network.id)
    throw new QuerentError('not-found', `no network is called "${id}"`, { path: 'network', found: id, nearest: nearestName(id, ids) })
  }

  async function run(request: ExtractionRequest, stop: AbortController): Promise<void> {
    const { dataset, network, name, size, mean, std } = request
    const { signal } = stop
    try {
      const { source } = await viewing.librarySource(dataset)
      const { model, settings } = await modelOf(request, signal)
      const assignment: FeatureAssignment = {
        ...source,
        ...(name !== undefined ? { name } : 'preset' in network ? { name: network.preset } : {}),
        from: { type: 'onnx', model, settings: { ...settings, ...(size && { size }), ...(mean && { mean }), ...(std && { std }) } },
      }
      tell(request, { step: 'rows', done: 0, total: null })
      let told = -Infinity
      const made = await runFeatureJob(assignment, {
        spawn: () => features.open(),
        now: () => clock.ticks(),
        signal,
        onProgress: ({ rows, total, etaMs }) => {
          const now = clock.ticks()
          if (now - told < tellMs && rows < total) return
          told = now
          tell(request, { done: rows, total, etaMs })
        },
      })
      if (!('preset' in network) && 'upload' in network.files) await datasets.forget(network.files.upload)
      tell(request, { phase: 'done', done: made.rows, total: made.rows })
      await note()
      notices.add('note', `Made the features ${made.name}`, `${made.rows} rows × ${made.width} of ${made.dataset}.`)
    } catch (error) {
      if (signal.aborted) return tell(request, { phase: 'stopped' })
      tell(request, { phase: 'failed', error: encodeError(error) })
      await note()
      notices.add('error', `Features of ${dataset} could not be made`, error instanceof Error ? error.message : String(error))
    } finally {
      running.delete(dataset)
    }
  }

  async function stop(dataset: string): Promise<void> {
    const current = running.get(dataset)
    current?.stop.abort()
    await current?.ended
  }

  /** Refuses when the disk has no room for the network or the features, as far as their size is known. */
  async function requireRoom({ dataset, network }: ExtractionRequest): Promise<void> {
    const { rows } = await viewing.librarySource(dataset)
    if (!('preset' in network)) return
    const { isHere, bytes, width } = requireNetwork(network.preset)
    await storage.requireRoom((isHere ? 0 : bytes) + rows * width * 4)
  }

  return {
    handlers: {
      'features.list': () => features.list(),
      'features.networks': () => [...features.networks()],
      'features.extractions': async () => {
        await remembered
        return [...states.values()]
      },
      'features.extract': async (request) => {
        const { dataset } = request
        await remembered
        await requireRoom(request)
        if (running.has(dataset)) throw new QuerentError('locked', `features of ${dataset} are being made`, { found: dataset })
        const stop = new AbortController()
        const before = uploadOf(states.get(dataset)?.request.network)
        tell(request, { phase: 'running', step: 'rows', done: 0, total: null })
        void note()
        running.set(dataset, { stop, ended: Promise.resolve().then(() => run(request, stop)) })
        // Files that were sent for the extraction before this one are not asked for again.
        if (before !== undefined && before !== uploadOf(request.network)) await datasets.forget(before)
        return null
      },
      'features.stop': async ({ dataset }) => {
        await stop(dataset)
        return null
      },
    },
    stop: async () => {
      await Promise.all([...running.keys()].map(stop))
      await noted
    },
  }
}

function uploadOf(network: ExtractionRequest['network'] | undefined): string | undefined {
  return network !== undefined && 'files' in network && 'upload' in network.files ? network.files.upload : undefined
}

const fileName = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
