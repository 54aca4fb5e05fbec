import type { Dataset } from '@engine/data/dataset'
import type { DatasetFacts } from '@engine/study/feasible'
import { loadDataset } from '@main/node/datasets'

let loaded: Promise<Dataset> | undefined

/** The digits that ship with the app. */
export const digits = (): Promise<Dataset> => (loaded ??= loadDataset('digits', '.'))

export function factsOf({ id, kind, classNames, train, test }: Dataset): DatasetFacts {
  const classCounts = classNames.map((_, c) => train.labels.filter((label) => label === c).length)
  return {
    name: id,
    kind,
    rows: train.rows,
    testRows: test?.rows ?? 0,
    classes: classNames.length,
    classCounts,
    shape: train.shape,
    bytes: train.data.byteLength + (test?.data.byteLength ?? 0),
  }
}
