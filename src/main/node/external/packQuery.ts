import { zipSync, type Zippable } from 'fflate'
import { writeNpy } from '@engine/data/npy'
import type { ExternalRequest } from '@engine/strategies/contract'
import type { Matrix } from '@engine/core/matrix'

/** The `.npz` that an external command reads; docs/methods/external.md lists its arrays. Not compressed: it is read once. */
export function packQuery(request: ExternalRequest): Uint8Array {
  const { pool, features, probabilities, labeled, labels, labeledFeatures, labeledProbabilities, k, round, classes } = request
  const files: Zippable = {}
  const add = (name: string, bytes: Uint8Array): void => void (files[`${name}.npy`] = [bytes, { level: 0 }])
  const matrix = (name: string, { data, rows, cols }: Matrix): void => add(name, writeNpy(data, [rows, cols]))
  const list = (name: string, values: Int32Array): void => add(name, writeNpy(values, [values.length]))
  list('pool', pool)
  matrix('features', features)
  matrix('probs', probabilities)
  list('labeled', labeled)
  list('labels', labels)
  matrix('labeled_features', labeledFeatures)
  matrix('labeled_probs', labeledProbabilities)
  for (const [name, value] of Object.entries({ k, round, classes })) add(name, writeNpy(Int32Array.of(value), []))
  return zipSync(files)
}
