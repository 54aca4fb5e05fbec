import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportMapping, ImportProgress, ImportResult } from '@contract/importing'
import { badInput, throwIfCancelled, type CancelSignal } from '@engine/core/errors'
import { unlabeled } from '@engine/data/dataset'
import { hashedHead } from '@engine/data/hash'
import { toQuerentError, withFile } from '../../errors'
import { addToLibrary, slug, storedInfo, workFolder, type StoredDataset } from '../imported/store'
import { createScratch, type Scratch } from '../source/scratch'
import { workspaceOf } from '../../workspace/location'
import { roomOf, type Room } from '../../workspace/room'
import { openTree, takeFrom, type FileTree } from '../source/tree'
import { createLabels } from './labels'
import { openSource, type OpenedSource } from './open'
import { planArrays } from './arrays'
import type { Plan } from './plan'
import { createPoolWriter, headerBytes, npyHeader, storages, type PoolWriter } from './poolWriter'
import { planTables } from './tables'

export interface ImportRequest {
  /** absolute paths of files, folders or archives */
  readonly paths: readonly string[]
  readonly mapping: ImportMapping
  /** folder of the library */
  readonly library: string
  readonly importedAt: Date
  readonly signal?: CancelSignal
  readonly onProgress?: (progress: ImportProgress) => void
}

/** Files that were opened, and what they are. */
export interface OpenedFiles extends OpenedSource {
  readonly tree: FileTree
}

export async function openFiles(paths: readonly string[], mapping: ImportMapping, scratch: Scratch): Promise<OpenedFiles> {
  const tree = takeFrom(await openTree(paths, scratch), mapping.take)
  return { tree, ...(await openSource(tree, { mapping, scratch })) }
}

/** Decides what is what in opened files; `quick` looks at the first rows only. */
export async function planImport({ opened, tree }: OpenedFiles, mapping: ImportMapping, quick: boolean): Promise<Plan> {
  const plan = opened.form === 'arrays' ? await planArrays(opened, mapping) : await planTables(opened, mapping, tree, quick)
  const { passedOver } = tree
  return passedOver.length === 0 ? plan : { ...plan, notes: [...plan.notes, `hidden, so not read: ${listed(passedOver)}`] }
}

/** Reads a source into the library: one copy of every content, whatever it came from. Nothing is left behind when it fails. */
export async function importDataset(request: ImportRequest): Promise<ImportResult> {
  const { paths, mapping, library, signal, onProgress } = request
  const room = await roomOf(workspaceOf(library))
  const scratch = await createScratch(workFolder(library))
  try {
    onProgress?.({ phase: 'looking', rows: 0, total: null })
    const source = await openFiles(paths, mapping, scratch)
    const plan = await planImport(source, mapping, false)
    throwIfCancelled(signal)
    const folder = join(scratch.folder, 'set')
    await withFile(folder, () => mkdir(folder))
    const { unlabelled = false } = mapping
    const written = await writeRows(plan, unlabelled, source.tree.name, folder, { room, signal, onProgress })
    onProgress?.({ phase: 'storing', rows: written.rows + written.testRows, total: written.rows + written.testRows })
    const { importer, tree } = source
    const stored: StoredDataset = {
      format: 1,
      id: mapping.id ?? slug(tree.name),
      title: mapping.title ?? tree.name,
      kind: plan.kind,
      ...written,
      classNames: written.classNames.map((name) => mapping.rename?.[name] ?? name),
      shape: [...plan.shape],
      source: mapping.source ?? paths.map((path) => path.split(/[/\\]/).pop()).join(', '),
      licence: mapping.licence ?? '',
      importer,
      importedAt: request.importedAt.toISOString(),
      files: tree.files.slice(0, mostListedFiles).map(({ name, size }) => ({ name, bytes: size })),
      features: plan.encoding?.features ?? [],
    }
    const { dataset, known } = await addToLibrary(library, folder, stored, mapping.id !== undefined)
    const info = storedInfo(dataset)
    const notes = info.unlabeled ? [`${info.unlabeled} of ${info.rows} rows have no label`] : []
    if (known && mapping.id !== undefined && mapping.id !== dataset.id)
      notes.push(
        `the library keeps one copy of every content, and this one is called "${dataset.id}": studies name it so, and nothing is called ` +
          `"${mapping.id}". To rename it, remove "${dataset.id}" and import again under the new id`,
      )
    if (known && String(dataset.classNames) !== String(stored.classNames))
      notes.push(
        `the copy in the library keeps its names of the classes (${listed(dataset.classNames)}); these were ${listed(stored.classNames)}`,
      )
    return { dataset: info, known, notes: [...plan.notes, ...notes] }
  } finally {
    await scratch.dispose()
  }
}

const mostListedFiles = 100
const listed = (names: readonly string[]): string => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}`
const progressEvery = 100

type Written = Pick<
  StoredDataset,
  'rows' | 'testRows' | 'classNames' | 'classCounts' | 'bytes' | 'sha256' | 'storage' | 'valueRange' | 'missing'
>

/** Writes inputs, labels, texts and the split of the source as the files of a library set. */
async function writeRows(
  plan: Plan,
  unlabelled: boolean,
  name: string,
  folder: string,
  { room, signal, onProgress }: Pick<ImportRequest, 'signal' | 'onProgress'> & { readonly room: Room },
): Promise<Written> {
  const { shape, allowMissing } = plan
  const writer = (part: string): Promise<PoolWriter> =>
    createPoolWriter({ file: join(folder, `${part}-inputs.npy`), shape, name, allowMissing })
  const pools = [await writer('train'), await writer('test')]
  const labels = createLabels(2, {
    name: plan.labelsName,
    classNames: plan.classNames,
    allowsUnlabeled: (part) => unlabelled && part === 0,
  })
  const texts = pools.map((_, part) => textFile(join(folder, `${partNames[part]}-texts.jsonl`)))
  const validation: number[] = []
  try {
    let shown = 0
    for await (const rows of plan.rows(Infinity)) {
      throwIfCancelled(signal)
      const part = rows.split === 'test' ? 1 : 0
      for (let i = 0; i < rows.rows; i++) {
        if ((rows.splits?.[i] ?? rows.split) === 'validation') validation.push(pools[0].rows + i)
        labels.collectors[part].push(rows.labels[i], () => rows.place(i))
      }
      await pools[part].append(rows.data)
      room(pools.reduce((sum, pool) => sum + pool.rows * rowBytesOf(shape, pool.storage), 0))
      if (rows.texts !== null) await texts[part].write(rows.texts)
      const now = performance.now()
      if (now - shown > progressEvery) {
        shown = now
        onProgress?.({ phase: 'reading', rows: pools[0].rows + pools[1].rows, total: plan.total })
        await new Promise((resume) => setImmediate(resume)) // a cancelling message may be waiting
      }
    }
    if (pools[0].rows === 0) throw badInput(`${name}: no training rows`, { expected: 'at least one row' })
    const { classNames, numbers } = labels.finish()
    const storage = Math.max(pools[0].storage, pools[1].storage)
    const hasTest = pools[1].rows > 0
    await pools[0].finish(storage, shape)
    if (hasTest) await pools[1].finish(storage, shape)
    else await pools[1].discard()
    for (const [part, list] of numbers.entries())
      if (part === 0 || hasTest)
        await withFile(folder, () =>
          writeFile(
            join(folder, `${partNames[part]}-labels.npy`),
            Buffer.concat([npyHeader('<i4', [list.length]), Buffer.from(list.buffer)]),
          ),
        )
    for (const file of texts) await file.close()
    if (validation.length > 0) await writeProvidedSplit(folder, pools[0].rows, validation)
    const high = Math.max(pools[0].high, pools[1].high)
    const classCounts = classNames.map(() => 0)
    for (const label of numbers[0]) if (label !== unlabeled) classCounts[label]++
    return {
      rows: pools[0].rows,
      testRows: pools[1].rows,
      classNames: [...classNames],
      classCounts,
      bytes: (pools[0].rows + pools[1].rows) * rowBytesOf(shape, storage),
      sha256: await hashFiles(folder, shape, storage, pools, numbers, signal),
      storage: storages[storage].name,
      valueRange: Math.min(pools[0].low, pools[1].low) < 0 ? null : high <= 1 ? 1 : high <= 255 ? 255 : null,
      missing: pools[0].missing + pools[1].missing,
    }
  } finally {
    for (const pool of pools) await pool.close()
    for (const file of texts) await file.close()
  }
}

/** Bytes of a row's values and its label. */
const rowBytesOf = (shape: readonly number[], storage: number): number =>
  shape.reduce((a, b) => a * b, 1) * storages[storage].type.BYTES_PER_ELEMENT + 4

const partNames = ['train', 'test'] as const

/** The split that the source came with, as a study's `data.split` file. */
async function writeProvidedSplit(folder: string, rows: number, validation: readonly number[]): Promise<void> {
  const held = new Set(validation)
  const train = Array.from({ length: rows }, (_, i) => i).filter((row) => !held.has(row))
  await withFile(folder, async () => {
    await mkdir(join(folder, 'splits'))
    await writeFile(join(folder, 'splits', 'provided.json'), JSON.stringify({ train, validation, test: [] }))
  })
}

/** The hash of `hashDataset`, over the files, without holding them. */
async function hashFiles(
  folder: string,
  shape: readonly number[],
  storage: number,
  pools: readonly PoolWriter[],
  labels: readonly Int32Array[],
  signal: CancelSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256')
  for (const [part, pool] of pools.entries()) {
    if (pool.rows === 0) continue
    hash.update(hashedHead(storages[storage].name, pool.rows, shape))
    const handle = await open(join(folder, `${partNames[part]}-inputs.npy`), 'r')
    try {
      const buffer = Buffer.alloc(1 << 22)
      for (let at = headerBytes; ;) {
        throwIfCancelled(signal)
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) break
        hash.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
    } finally {
      await handle.close()
    }
    hash.update(new Uint8Array(labels[part].buffer))
  }
  return hash.digest('hex')
}

/** A JSON string per line; made when the first text comes. */
function textFile(path: string): { write(texts: readonly string[]): Promise<void>; close(): Promise<void> } {
  let stream: ReturnType<typeof createWriteStream> | null = null
  return {
    write: (texts) => {
      const file = (stream ??= createWriteStream(path, { flags: 'wx' }))
      return new Promise((resolve, reject) => {
        file.write(texts.map((text) => `${JSON.stringify(text)}\n`).join(''), (error) =>
          error ? reject(toQuerentError(error, path)) : resolve(),
        )
      })
    },
    close: () => new Promise((resolve) => (stream === null || stream.closed ? resolve() : stream.end(resolve))),
  }
}
