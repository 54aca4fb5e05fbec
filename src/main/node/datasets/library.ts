import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import type { DatasetInfo } from '@contract/types'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import { assembleDataset, type Part } from '@engine/data/assemble'
import { labelColumnNames, readTable, tableNumbers, type Table } from '@engine/data/csv'
import type { Dataset } from '@engine/data/dataset'
import { datasetPart } from '@engine/data/part'
import { npzKeys } from '@engine/data/npz'
import { labelsOfColumn, labelsWanted, readArray, readLabels, splitReference } from '@engine/data/readArray'
import { datasetName } from '@engine/study/consistency'
import type { DatasetPart, DatasetRef } from '@engine/study/spec'
import index from '../../../../resources/data/index.json'
import { resourcePath } from '../resources'
import { catalog, type CatalogEntry } from './catalog'
import { readTextEntry } from './catalogTexts'
import { nodeHasher, readBytes } from './files'
import { findStored, loadStored, storedDatasets, storedInfo } from './imported/store'

/** What was measured when a set was added; a test keeps it true. */
type IndexEntry = Pick<DatasetInfo, 'rows' | 'testRows' | 'classes' | 'shape' | 'bytes' | 'sha256'>
const measured: Readonly<Record<string, IndexEntry>> = index

type DatasetFiles = Extract<DatasetRef, { readonly inputs: string }>

/**
 * Loads a data set: an id of the app or of `library` (the folder of imported sets), a table or `.npz` file, or separate files of
 * inputs and labels. Paths start at `baseDir`. Errors name the files as the study does.
 */
export async function loadDataset(ref: DatasetRef, baseDir: string, library?: string): Promise<Dataset> {
  if (typeof ref !== 'string') return 'classes' in ref ? loadPart(ref, baseDir, library) : loadFiles(ref, baseDir)
  // A set whose files may be absent can have been downloaded under its id.
  const stored = library === undefined || isPath(ref) ? undefined : await findStored(library, ref)
  if (stored !== undefined && library !== undefined) return loadStored(library, stored)
  const entry = catalog.find(({ id }) => id === ref)
  if (entry !== undefined) return loadEntry(entry)
  if (!isPath(ref)) throw await unknownDataset(ref, library)
  return loadSingleFile(ref, baseDir)
}

/** Facts about a data set. Library sets are described without being read; files are loaded. */
export async function datasetInfo(ref: DatasetRef, baseDir: string, library?: string): Promise<DatasetInfo> {
  const stored = library === undefined || typeof ref !== 'string' ? undefined : await findStored(library, ref)
  if (stored !== undefined) return storedInfo(stored)
  const entry = catalog.find(({ id }) => id === ref)
  if (entry !== undefined) return describe(entry)
  const dataset = await loadDataset(ref, baseDir, library)
  return {
    id: dataset.id,
    title: dataset.id,
    ...measure(dataset),
    kind: dataset.kind,
    source: typeof ref === 'string' ? ref : 'classes' in ref ? `classes of ${ref.id}` : [ref.inputs, ref.labels].join(', '),
    licence: '',
    available: true,
  }
}

/** Every set that a study can name: those of the app, also when their files are not on this machine, and the imported ones. */
export async function listDatasets(library?: string): Promise<DatasetInfo[]> {
  const stored = library === undefined ? [] : await storedDatasets(library)
  const isStored = new Set(stored.map(({ id }) => id))
  return [...catalog.filter(({ id }) => !isStored.has(id)).map(describe), ...stored.map(storedInfo)]
}

/** Rows, classes, size in memory and hash of a loaded set. */
export function measure(dataset: Dataset): IndexEntry {
  const { train, test, classNames, sha256 } = dataset
  const bytes = [train, test].reduce((sum, pool) => sum + (pool?.data.byteLength ?? 0) + (pool?.labels.byteLength ?? 0), 0)
  return { rows: train.rows, testRows: test?.rows ?? 0, classes: classNames.length, shape: train.shape, bytes, sha256 }
}

const describe = ({ id, title, kind, source, licence, folder, format }: CatalogEntry): DatasetInfo => ({
  id,
  title,
  kind,
  ...measured[id],
  source,
  licence,
  available: filesOf(format).every((file) => existsSync(pathOf(folder, file))),
})

const filesOf = (format: CatalogEntry['format']): readonly string[] =>
  format.type === 'csv' ? [format.file] : [format.train, format.test].flat()

const pathOf = (folder: string | null, file: string): string => (folder === null ? resourcePath('data', file) : join(folder, file))

const isPath = (ref: string): boolean => /[/\\#]/.test(ref) || extname(ref) !== ''

async function unknownDataset(id: string, library: string | undefined): Promise<QuerentError> {
  const ids = (await listDatasets(library)).map((entry) => entry.id)
  return badInput(`unknown data set "${id}"`, {
    path: 'dataset',
    found: id,
    expected: `${ids.join(' · ')}, or a file`,
    nearest: nearestName(id, ids),
  })
}

function loadEntry(entry: CatalogEntry): Dataset {
  const { id, kind, format, folder, shape, valueRange, classNames } = entry
  const missing = filesOf(format).find((file) => !existsSync(pathOf(folder, file)))
  if (missing !== undefined)
    throw new QuerentError('not-found', `the files of data set "${id}" are not on this machine`, {
      file: pathOf(folder, missing),
      expected: folder === null ? 'a complete installation' : `querent datasets download ${id}, or Debian's package dataset-fashion-mnist`,
    })
  const read = (file: string): Uint8Array => readBytes(pathOf(folder, file), file)
  const parts = readEntry(format, read)
  const dataset = assembleDataset({ id, kind, shape, valueRange, hasher: nodeHasher, ...parts })
  return classNames === undefined ? dataset : { ...dataset, classNames }
}

function readEntry(format: CatalogEntry['format'], read: (file: string) => Uint8Array): { train: Part; test: Part | null } {
  switch (format.type) {
    case 'csv':
      return { train: readCsvEntry(format, read), test: null }
    case 'texts':
      return readTextEntry(format, read)
    case 'idx':
      return readIdxEntry(format, read)
  }
}

function readCsvEntry(format: Extract<CatalogEntry['format'], { type: 'csv' }>, read: (file: string) => Uint8Array): Part {
  let bytes = read(format.file)
  for (let i = 0; i < format.skipLines; i++) bytes = bytes.subarray(bytes.indexOf(10) + 1)
  const table = readTable(bytes, format.file)
  return tablePart(table, format.labelColumn === 'last' ? table.columns - 1 : format.labelColumn)
}

function readIdxEntry(
  format: Extract<CatalogEntry['format'], { type: 'idx' }>,
  read: (file: string) => Uint8Array,
): { train: Part; test: Part } {
  const part = ([images, labels]: readonly [string, string]): Part => {
    const [inputs, classes] = [images, labels].map((file) => {
      const bytes = read(file)
      const expected = format.unpackedSha256?.[file]
      if (expected !== undefined) {
        const found = createHash('sha256').update(bytes).digest('hex')
        if (found !== expected)
          throw badInput(`${file}: not the published file`, { file, found: `SHA-256 ${found}`, expected: `SHA-256 ${expected}` })
      }
      return readArray(bytes, file)
    })
    return { inputs, inputsName: images, labels: { kind: 'numbers', array: classes }, labelsName: labels }
  }
  return { train: part(format.train), test: part(format.test) }
}

function tablePart(table: Table, labelColumn: number): Part {
  const features = Array.from({ length: table.columns }, (_, j) => j).filter((j) => j !== labelColumn)
  return {
    inputs: tableNumbers(table, features),
    inputsName: table.name,
    labels: labelsOfColumn(table, labelColumn),
    labelsName: table.name,
  }
}

async function loadPart(ref: DatasetPart, baseDir: string, library: string | undefined): Promise<Dataset> {
  return datasetPart(await loadDataset(ref.id, baseDir, library), ref.classes, datasetName(ref), nodeHasher())
}

function loadFiles({ inputs, labels, testInputs, testLabels, name }: DatasetFiles, baseDir: string): Dataset {
  if ((testInputs === undefined) !== (testLabels === undefined))
    throw badInput('testInputs and testLabels belong together', {
      path: 'dataset',
      found: testInputs === undefined ? 'testLabels only' : 'testInputs only',
    })
  const part = (inputsRef: string, labelsRef: string): Part => ({
    inputs: readArray(referenced(inputsRef, baseDir), inputsRef),
    inputsName: inputsRef,
    labels: readLabels(referenced(labelsRef, baseDir), labelsRef),
    labelsName: labelsRef,
  })
  return assembleDataset({
    id: name ?? stem(inputs),
    train: part(inputs, labels),
    test: testInputs === undefined || testLabels === undefined ? null : part(testInputs, testLabels),
    hasher: nodeHasher,
  })
}

const referenced = (reference: string, baseDir: string): Uint8Array => {
  const { file } = splitReference(reference)
  return readBytes(resolve(baseDir, file), file)
}

const stem = (reference: string): string => basename(splitReference(reference).file).replace(/(\.[a-z]+)?(\.gz)?$/i, '')

/** A `.npy` or IDX file: one array. */
const isArrayFile = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x93 && bytes[1] === 0x4e) || (bytes[0] === 0 && bytes[1] === 0 && bytes[3] > 0 && bytes[3] < 8)

const inputKeys = ['inputs', 'x_train', 'X_train', 'x', 'X', 'features', 'data']
const labelKeys = ['labels', 'y_train', 'y', 'target', 'targets']

/** One file with everything: an `.npz` with inputs and labels (and a test part), or a table with a column of labels. */
function loadSingleFile(ref: string, baseDir: string): Dataset {
  const { file, key } = splitReference(ref)
  const bytes = referenced(file, baseDir)
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const keys = npzKeys(bytes, file)
    const found = (names: readonly string[]): string | undefined => names.find((candidate) => keys.includes(candidate))
    const [inputs, labels] = [found(inputKeys), found(labelKeys)]
    const [testInputs, testLabels] = [found(['testInputs', 'x_test', 'X_test']), found(['testLabels', 'y_test'])]
    if (inputs !== undefined && labels === undefined)
      throw badInput(`${file}: no array named like labels beside ${inputs}`, {
        file,
        path: 'dataset',
        found: keys.join(', '),
        expected: `${labelKeys.join(' · ')}, or ${labelsWanted(`${file}#${inputs}`, file)}`,
      })
    if (inputs === undefined || labels === undefined)
      throw badInput(`${file}: no arrays named like inputs and labels`, {
        file,
        found: keys.join(', '),
        expected: `${inputKeys.join(' · ')} and ${labelKeys.join(' · ')}`,
      })
    const named = (name: string | undefined): string | undefined => (name === undefined ? undefined : `${file}#${name}`)
    return loadFiles(
      {
        name: stem(file),
        inputs: `${file}#${inputs}`,
        labels: `${file}#${labels}`,
        testInputs: named(testInputs),
        testLabels: named(testLabels),
      },
      baseDir,
    )
  }
  if (isArrayFile(bytes))
    throw badInput(`${file} holds inputs and no labels`, {
      file,
      path: 'dataset',
      expected: labelsWanted(file),
    })
  const table = readTable(bytes, file)
  const names = table.header?.map((column) => column.toLowerCase()) ?? []
  const named = key === undefined ? names.findIndex((column) => labelColumnNames.includes(column)) : (table.header?.indexOf(key) ?? -1)
  if (key !== undefined && named < 0)
    throw badInput(`${file}: no column "${key}"`, {
      file,
      found: table.header?.join(', ') ?? 'no header',
      nearest: nearestName(key, table.header ?? []),
    })
  return assembleDataset({
    id: stem(file),
    kind: 'tabular',
    train: tablePart(table, named < 0 ? table.columns - 1 : named),
    test: null,
    hasher: nodeHasher,
  })
}
