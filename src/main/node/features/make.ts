import { basename } from 'node:path'
import type { FeatureInfo, FeatureProgress } from '@contract/features'
import { badInput, QuerentError } from '@engine/core/errors'
import type { Dataset } from '@engine/data/dataset'
import type { Backbone } from '@engine/nn/backbone'
import type { BackendId, Executor } from '@engine/nn/executor'
import type { RunSpec } from '@engine/study/spec'
import { isFeatureFile } from '@engine/study/expand'
import type { FeatureAssignment } from '../../lab/ports'
import { backboneNetwork, openBackboneMaker } from './backbone'
import { extractFeatures, extractionKey } from './extract'
import { openFeatures, type OpenFeatures } from './files'
import { importFeatures } from './importFeatures'
import { onnxNetwork, openOnnxMaker } from './onnx'
import { extractionSettings } from './settings'
import { fileKey, findKey, renamed, requireFeatures } from './store'
import type { TextSource } from './texts'

/** What a process has at hand for making features. */
export interface FeatureTools {
  readonly store: string
  readonly dataset: Dataset
  readonly texts: TextSource | null
  readonly executor: (id: BackendId) => Promise<Executor>
  readonly backbone: (sha256: string) => Promise<Backbone>
  readonly ticks: () => number
  readonly breathe: () => Promise<void>
  readonly signal: AbortSignal
  readonly onProgress: (progress: FeatureProgress) => void
}

const threads = 1 // parallel work is processes

/** Brings features into the store from a file, a model file or a backbone of the model library; what is there already stays. */
export async function makeFeatures(request: FeatureAssignment, tools: FeatureTools): Promise<FeatureInfo> {
  const made = await brought(request, tools)
  return request.name === undefined ? made : renamed(tools.store, made, request.name)
}

async function brought(request: FeatureAssignment, tools: FeatureTools): Promise<FeatureInfo> {
  const { dataset: data, store } = tools
  const dataset = { name: request.datasetName, sha256: request.datasetSha256, rows: data.train.rows }
  const { from } = request
  if (from.type === 'file') return importFeatures({ ...tools, ...from, dataset, name: request.name })
  if (from.type === 'backbone') {
    const executor = await tools.executor(from.backend)
    const backbone = await tools.backbone(from.backboneSha256)
    return extractFeatures({
      ...tools,
      store,
      dataset,
      network: backboneNetwork(from.backboneSha256, executor),
      facts: { name: request.name ?? backbone.name, backboneSha256: backbone.id, source: `backbone ${backbone.name}`, settings: {} },
      open: () => Promise.resolve(openBackboneMaker(backbone, data, executor)),
    })
  }
  const parsed = extractionSettings.safeParse(from.settings)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw badInput(`--${issue.path.join('.')}: ${issue.message}`, { path: issue.path.join('.') })
  }
  const settings = parsed.data
  const model = { ...from, settings, texts: tools.texts }
  const { network, backboneSha256 } = await onnxNetwork(model)
  const name = request.name ?? basename(from.model).replace(/\.onnx$/i, '')
  return extractFeatures({
    ...tools,
    store,
    dataset,
    network,
    facts: { name, backboneSha256, source: `ONNX model ${basename(from.model)}`, settings },
    open: () => openOnnxMaker({ ...model, dataset: data, threads }),
  })
}

/** The features that a run reads, opened: those its study names, or those of the backbone that it fine-tunes; undefined for neither. */
export async function featuresOfRun(
  spec: Pick<RunSpec, 'data' | 'files' | 'datasetName' | 'datasetSha256' | 'backend' | 'precision' | 'backboneSha256'>,
  store: string,
): Promise<OpenFeatures | undefined> {
  const { data, files, datasetName, datasetSha256, backend, precision, backboneSha256 } = spec
  if (data.features) {
    const sha256 = files[data.features]
    if (!isFeatureFile(data.features)) {
      const stored = await requireFeatures(store, data.features, { name: datasetName, sha256: datasetSha256 })
      if (stored.sha256 === sha256) return openFeatures(store, stored)
      throw badInput(`the stored features "${data.features}" changed since the study was started`, {
        path: 'data.features',
        found: `SHA-256 ${stored.sha256}`,
        expected: `SHA-256 ${sha256}`,
      })
    }
    return opened(store, fileKey(datasetSha256, data.features, sha256))
  }
  if (backboneSha256 === undefined) return undefined
  return opened(
    store,
    extractionKey({ dataset: { sha256: datasetSha256 }, network: backboneNetwork(backboneSha256, { id: backend, precision }) }),
  )
}

async function opened(store: string, key: string): Promise<OpenFeatures> {
  const stored = await findKey(store, key)
  if (stored === undefined)
    throw new QuerentError('not-found', 'the features of this run are not in the feature store; start the study again to make them', {
      path: 'data.features',
    })
  return openFeatures(store, stored)
}
