import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FeatureNetwork } from '@contract/features'
import { QuerentError } from '@engine/core/errors'
import type { DownloadProgress } from '../download/downloadFile'
import { fetchModel } from './fetchModel'
import { findPreset, modelPresets, type ModelPreset } from './presets'

/** Folder of a downloaded network below the models of a workspace. */
export const networkFolder = (models: string, id: string): string => join(models, 'onnx', id)

export const areHere = (folder: string, files: ModelPreset['files']): boolean => files.every(({ name }) => existsSync(join(folder, name)))

/** The servers of the files, each once. */
export const hostsOf = (files: ModelPreset['files']): string[] => [...new Set(files.map(({ url }) => new URL(url).host))]

/** The public networks, and whether a workspace has them. */
export const featureNetworks = (models: string): FeatureNetwork[] =>
  modelPresets.map(({ about, files, id, ...facts }) => ({
    ...facts,
    id,
    bytes: about,
    hosts: hostsOf(files),
    isHere: areHere(networkFolder(models, id), files),
  }))

/** Brings what is missing of a public network; resolves to the path of its model. */
export async function fetchNetwork(
  models: string,
  id: string,
  signal: AbortSignal,
  onProgress: (progress: DownloadProgress) => void,
): Promise<string> {
  const preset = findPreset(id)
  if (preset === undefined) throw new QuerentError('not-found', `no network is called "${id}"`, { found: id })
  return fetchModel({ folder: networkFolder(models, id), files: preset.files, signal, onProgress })
}
