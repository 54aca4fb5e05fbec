import type { FileImporter, TreeImporter } from './contract'
import { csv } from './csv'
import { idx } from './idx'
import { imageFolder } from './imageFolder'
import { jsonl } from './jsonl'
import { npy } from './npy'
import { npz } from './npz'
import { parquet } from './parquet'
import { safetensors } from './safetensors'

/** Arrangements of several files, tried in this order before single files. */
export const treeImporters: readonly TreeImporter[] = [imageFolder]

export const fileImporters: readonly FileImporter[] = [npy, npz, safetensors, idx, parquet, jsonl, csv]
