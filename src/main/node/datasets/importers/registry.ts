import type { FileImporter, TreeImporter } from './contract'
import { arff } from './arff'
import { arrow } from './arrow'
import { cifar } from './cifar'
import { csv } from './csv'
import { huggingFace } from './huggingFace'
import { idx } from './idx'
import { imageFolder } from './imageFolder'
import { jsonl } from './jsonl'
import { libsvm } from './libsvm'
import { matlab } from './matlab'
import { npy } from './npy'
import { npz } from './npz'
import { parquet } from './parquet'
import { safetensors } from './safetensors'
import { stl10 } from './stl10'
import { textFolder } from './textFolder'

/** Arrangements of several files, tried in this order before single files. */
export const treeImporters: readonly TreeImporter[] = [huggingFace, cifar, stl10, imageFolder, textFolder]

export const fileImporters: readonly FileImporter[] = [npy, npz, safetensors, idx, matlab, parquet, arrow, arff, libsvm, jsonl, csv]
