import type { DatasetFacts, SplitInfo } from '@contract/types'
import type { Dataset } from '@engine/data/dataset'
import { drawSplit } from '@engine/study/drawSplit'
import { parseSplit } from '@engine/study/runFiles'
import type { DatasetSource, SplitRequest } from '../../lab/ports'
import { datasetInfo } from '../datasets'
import { addSplit, readSplit, splitFile, splitsOf } from '../datasets/imported/splits'
import { findStored } from '../datasets/imported/store'
import { classesOf, splitInfo } from './viewing'

/** What is known of a data set of the library: rows of each class, where it came from, the splits kept with it. */
export async function factsOf(dataset: Dataset, { dataset: ref, baseDir }: DatasetSource, library: string): Promise<DatasetFacts> {
  const info = await datasetInfo(ref, baseDir, library)
  const stored = await findStored(library, info.id)
  const splits: SplitInfo[] = []
  for (const name of await splitsOf(library, info)) {
    const path = splitFile(library, info, name)
    splits.push(splitInfo(dataset, name, path, parseSplit(await readSplit(library, info, name), path)))
  }
  return {
    ...classesOf(dataset),
    missing: stored?.missing ?? 0,
    origin: stored === undefined ? null : { importer: stored.importer, importedAt: stored.importedAt, files: stored.files },
    splits,
  }
}

/** Deals out the rows of a data set and keeps the split when it has a name. */
export async function keptSplit(dataset: Dataset, { draw, keep, ...source }: SplitRequest, library: string): Promise<SplitInfo> {
  const { train, classNames } = dataset
  const rows = drawSplit(train.labels, classNames.length, draw)
  if (keep === null) return splitInfo(dataset, '', '', rows)
  const info = await datasetInfo(source.dataset, source.baseDir, library)
  const lists = { train: [...rows.train], validation: [...rows.validation], test: [...rows.test] }
  await addSplit(library, info, keep, JSON.stringify(lists), `${keep}.json`)
  return splitInfo(dataset, keep, splitFile(library, info, keep), rows)
}
