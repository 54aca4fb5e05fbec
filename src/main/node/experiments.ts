import { createHash } from 'node:crypto'
import { dirname, relative, resolve, sep } from 'node:path'
import type { DatasetRef } from '@engine/study/spec'
import { version } from '../../../package.json'
import { allTables } from '../exporting/csv'
import type { BackendResolver, JobSpawner } from '../lab/ports'
import type { DatasetFacts, ExperimentDependencies } from '../lab/runExperiment'
import { systemClock } from './clock'
import { loadDataset } from './datasets'
import { findStored, storedInfo, trainLabelsOf, unlabeledRowsOf } from './datasets/imported/store'
import { measure } from './datasets/library'
import { readBytes } from './datasets/files'
import { featureStore } from './features/identify'
import { backboneStore } from './models/store'
import { fileStore } from './storage/resultFolder'
import { defaultWorkspace, featuresOf, modelsOf } from './workspace/location'

/** Everything an experiment needs, on this machine's disk. */
export function experimentDependencies(
  spawner: JobSpawner,
  backends: BackendResolver,
  cores: number,
  library?: string,
  features = featuresOf(defaultWorkspace()),
  models = modelsOf(defaultWorkspace()),
): ExperimentDependencies {
  const facts = new Map<string, Promise<DatasetFacts>>()
  return {
    store: fileStore,
    spawner,
    backends,
    features: featureStore(features),
    models: backboneStore(models),
    datasets: {
      // Sets of the app do not change; files of the user may, between two experiments of one process.
      facts: async (ref, baseDir) => {
        if (typeof ref !== 'string' || /[/\\.#]/.test(ref)) return readFacts(ref, baseDir)
        const stored = library === undefined ? undefined : await findStored(library, ref)
        if (stored !== undefined && library !== undefined) {
          const { id: name, classNames, classCounts } = stored
          return { ...storedInfo(stored), name, classNames, classCounts, unlabeledRows: unlabeledRowsOf(library, stored) }
        }
        const known = facts.get(ref) ?? readFacts(ref, baseDir, library)
        facts.set(ref, known)
        known.catch(() => facts.delete(ref))
        return known
      },
      labels: async (ref, baseDir) => {
        const stored = typeof ref === 'string' && library !== undefined ? await findStored(library, ref) : undefined
        return stored !== undefined && library !== undefined
          ? trainLabelsOf(library, stored)
          : (await loadDataset(ref, baseDir, library)).train.labels
      },
    },
    files: {
      folderOf: dirname,
      relative: (from, to) => relative(from, to).split(sep).join('/'),
      resolve: (from, to) => resolve(from, to),
      sha256: async (path, baseDir) =>
        createHash('sha256')
          .update(readBytes(resolve(baseDir, path), path))
          .digest('hex'),
      text: async (path, baseDir) => new TextDecoder().decode(readBytes(resolve(baseDir, path), path)),
    },
    tables: (results) => Object.fromEntries(Object.entries(allTables(results)).map(([name, text]) => [`${name}.csv`, text])),
    clock: systemClock,
    version,
    cores,
  }
}

async function readFacts(ref: DatasetRef, baseDir: string, library?: string): Promise<DatasetFacts> {
  const dataset = await loadDataset(ref, baseDir, library)
  const { id: name, kind, sha256, train, classNames } = dataset
  const classCounts = classNames.map(() => 0)
  for (const label of train.labels) classCounts[label]++
  return { ...measure(dataset), name, kind, sha256, classNames, classCounts }
}
