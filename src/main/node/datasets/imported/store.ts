import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from '@engine/core/zod'
import type { DatasetInfo } from '@contract/types'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import { unlabeledRows, type Dataset, type LabeledPool } from '@engine/data/dataset'
import { hashDataset } from '@engine/data/hash'
import { readNpyHeader } from '@engine/data/npy'
import { toQuerentError, withFile } from '../../errors'
import { writeAtomic } from '../../storage/files'
import { acquireLock, type Lock } from '../../storage/lock'
import { catalog } from '../catalog'
import { nodeHasher } from '../files'
import { valueNames } from '../importing/encode'

/**
 * The library of imported sets. Each is a folder named by the SHA-256 of its content:
 * `dataset.json`, `train-inputs.npy`, `train-labels.npy`, the same for `test`, `train-texts.jsonl` for texts, and `splits/`.
 */
const storedSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  title: z.string(),
  kind: z.enum(['image', 'vector', 'tabular', 'text', 'series']),
  rows: z.int(),
  testRows: z.int(),
  shape: z.array(z.int()),
  storage: z.enum(['uint8', 'float32', 'float64']),
  valueRange: z.number().nullable(),
  /** values that are NaN */
  missing: z.int(),
  classNames: z.array(z.string()),
  /** rows of each class in the training array */
  classCounts: z.array(z.int()),
  bytes: z.int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  source: z.string(),
  licence: z.string(),
  importer: z.string(),
  importedAt: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.int() })),
  /** how columns of a table became values of a row */
  features: z
    .array(
      z.union([
        z.object({ role: z.enum(['number', 'text', 'image', 'list']), name: z.string() }),
        z.object({ role: z.literal('category'), name: z.string(), values: z.array(z.string()).readonly() }),
      ]),
    )
    .readonly(),
})
export type StoredDataset = z.infer<typeof storedSchema>

export const workFolder = (library: string): string => join(library, '.work')
const removedFolder = (library: string): string => join(library, '.removed')
const folderOf = (library: string, { sha256 }: Pick<StoredDataset, 'sha256'>): string => join(library, sha256)

/** An id from a name: small letters, digits, - and _. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 60) || 'data'

/** Every imported set, by id. Folders that are damaged or half-made are passed over. */
export async function storedDatasets(library: string): Promise<StoredDataset[]> {
  const names = await readdir(library).catch(() => [])
  const found: StoredDataset[] = []
  for (const name of names) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue
    const text = await readFile(join(library, name, 'dataset.json'), 'utf8').catch(() => null)
    const parsed = text === null ? null : storedSchema.safeParse(jsonOrNull(text))
    if (parsed?.success) found.push(parsed.data)
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1))
}

const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export const findStored = async (library: string, id: string): Promise<StoredDataset | undefined> =>
  (await storedDatasets(library)).find((set) => set.id === id)

export const storedInfo = (set: StoredDataset): DatasetInfo => ({
  id: set.id,
  title: set.title,
  kind: set.kind,
  rows: set.rows,
  testRows: set.testRows,
  classes: set.classNames.length,
  shape: set.shape,
  bytes: set.bytes,
  source: set.source,
  licence: set.licence,
  sha256: set.sha256,
  available: true,
  imported: true,
  ...(unlabeledOf(set) > 0 && { unlabeled: unlabeledOf(set) }),
})

/** The training rows without a label, ascending. */
export function unlabeledRowsOf(library: string, set: StoredDataset): number[] {
  return unlabeledOf(set) === 0 ? [] : unlabeledRows(trainLabelsOf(library, set))
}

/** Classes of the training rows; −1: none. */
export const trainLabelsOf = (library: string, set: StoredDataset): Int32Array =>
  new Int32Array(readValues(join(folderOf(library, set), 'train-labels.npy'), `${set.id}: train-labels.npy`))

/** How many training rows have no label. */
const unlabeledOf = ({ rows, classCounts }: StoredDataset): number => rows - classCounts.reduce((sum, count) => sum + count, 0)

/**
 * Moves a finished folder into the library. Content that is there already stays the one copy (`known`); an id that is taken gets a
 * number, or is refused when the caller asked for exactly that id.
 */
export async function addToLibrary(
  library: string,
  folder: string,
  set: StoredDataset,
  isWanted: boolean,
): Promise<{ dataset: StoredDataset; known: boolean }> {
  const lock = await lockLibrary(library)
  try {
    const present = await storedDatasets(library)
    const same = present.find(({ sha256 }) => sha256 === set.sha256)
    if (same !== undefined) return { dataset: same, known: true }
    // A set that is known by name but not on this machine may be brought under its name.
    const ofTheApp = catalog.filter(({ folder: place }) => place === null || existsSync(place))
    const taken = new Set([...present, ...ofTheApp].map(({ id }) => id))
    if (isWanted && taken.has(set.id))
      throw badInput(`a data set called "${set.id}" is in the library already`, { path: 'id', found: set.id, expected: 'another id' })
    let id = set.id
    for (let n = 2; taken.has(id); n++) id = `${set.id}-${n}`
    const dataset = { ...set, id }
    await writeAtomic(join(folder, 'dataset.json'), `${JSON.stringify(dataset, null, 2)}\n`)
    const target = folderOf(library, dataset)
    await withFile(target, async () => {
      await rm(target, { recursive: true, force: true }) // half-made or damaged: it was not among the present ones
      // Splits of the same content stay when its removed copy is overtaken.
      const splits = join(removedFolder(library), dataset.sha256, 'splits')
      if (existsSync(splits)) await cp(splits, join(folder, 'splits'), { recursive: true, force: false })
      await rename(folder, target)
    })
    return { dataset, known: false }
  } finally {
    await lock.release()
  }
}

/** Reads a set; refuses files that changed since they were imported. */
export function loadStored(library: string, set: StoredDataset): Dataset {
  const folder = folderOf(library, set)
  const [train, test] = (['train', 'test'] as const).map((part) =>
    part === 'test' && set.testRows === 0 ? null : readPool(folder, part, set),
  )
  if (train === null) throw badInput(`data set "${set.id}" is damaged`, { file: folder })
  const sha256 = hashDataset(train, test, nodeHasher())
  if (sha256 !== set.sha256)
    throw badInput(`the files of data set "${set.id}" changed since it was imported; import it again`, {
      file: folder,
      found: `SHA-256 ${sha256}`,
      expected: `SHA-256 ${set.sha256}`,
    })
  return { id: set.id, kind: set.kind, classNames: set.classNames, train, test, valueRange: set.valueRange, sha256 }
}

function readPool(folder: string, part: 'train' | 'test', set: StoredDataset): LabeledPool {
  const [inputs, labels] = (['inputs', 'labels'] as const).map((what) =>
    readValues(join(folder, `${part}-${what}.npy`), `${set.id}: ${part}-${what}.npy`),
  )
  const types = { uint8: Uint8Array, float32: Float32Array, float64: Float64Array } as const
  const rows = part === 'train' ? set.rows : set.testRows
  const size = set.shape.reduce((a, b) => a * b, 1)
  const type = types[set.storage]
  if (inputs.byteLength !== rows * size * type.BYTES_PER_ELEMENT || labels.byteLength !== rows * 4)
    throw badInput(`data set "${set.id}" is damaged: its files do not hold ${rows} rows`, { file: folder })
  return { data: new type(inputs), rows, shape: set.shape, labels: new Int32Array(labels) }
}

/** The values of one of our array files, in one allocation. */
function readValues(file: string, name: string): ArrayBuffer {
  try {
    const handle = openSync(file, 'r')
    try {
      const head = Buffer.alloc(512)
      readSync(handle, head, 0, head.length, 0)
      const { start } = readNpyHeader(head, name)
      const values = new Uint8Array(fstatSync(handle).size - start)
      const most = 1 << 30 // one call reads at most 2 GB
      for (let at = 0; at < values.length;) {
        const count = readSync(handle, values, at, Math.min(most, values.length - at), start + at)
        if (count === 0) break
        at += count
      }
      return values.buffer
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw toQuerentError(error, name)
  }
}

const keepRemovedDays = 30
const mostRemovedBytes = 4 * 2 ** 30

/** Takes a set out of the library; `restoreDataset` brings it back until it is cleared away (after 30 days, or beyond 4 GB). */
export async function removeDataset(library: string, id: string): Promise<StoredDataset> {
  const lock = await lockLibrary(library)
  try {
    const set = await requireStored(library, id)
    const target = join(removedFolder(library), set.sha256)
    await withFile(target, async () => {
      await mkdir(removedFolder(library), { recursive: true })
      await rm(target, { recursive: true, force: true })
      await rename(folderOf(library, set), target)
      const now = new Date()
      await utimes(target, now, now)
    })
    await clearRemoved(library, set.sha256)
    return set
  } finally {
    await lock.release()
  }
}

/** Brings back what `removeDataset` took out; by id, or by the SHA-256 when an id was used twice. */
export async function restoreDataset(library: string, id: string): Promise<StoredDataset> {
  const lock = await lockLibrary(library)
  try {
    const removed = await storedDatasets(removedFolder(library))
    const set = removed.find((candidate) => candidate.id === id || candidate.sha256 === id)
    if (set === undefined)
      throw new QuerentError('not-found', `no removed data set is called "${id}"`, {
        found: id,
        expected: removed.map((each) => each.id).join(' · ') || 'none was removed',
      })
    const present = await storedDatasets(library)
    const same = present.find(({ sha256 }) => sha256 === set.sha256)
    if (same !== undefined)
      throw badInput(`the content of "${set.id}" is in the library already, as "${same.id}"`, {
        found: set.id,
        expected: `use "${same.id}", or remove it first`,
      })
    if (present.some(({ id: other }) => other === set.id))
      throw badInput(`another data set is called "${set.id}" now`, { found: set.id, expected: 'remove that one first' })
    const target = folderOf(library, set)
    await withFile(target, () => rename(join(removedFolder(library), set.sha256), target))
    return set
  } finally {
    await lock.release()
  }
}

async function clearRemoved(library: string, newest: string): Promise<void> {
  const sets = await storedDatasets(removedFolder(library))
  const aged = await Promise.all(sets.map(async (set) => ({ set, age: (await stat(join(removedFolder(library), set.sha256))).mtimeMs })))
  aged.sort((a, b) => b.age - a.age)
  let bytes = 0
  for (const { set, age } of aged) {
    bytes += set.bytes
    const isOld = new Date().getTime() - age > keepRemovedDays * 86_400_000
    if (set.sha256 !== newest && (isOld || bytes > mostRemovedBytes))
      await rm(join(removedFolder(library), set.sha256), { recursive: true, force: true })
  }
}

/** The set with this id; `not-found` with the ids there are otherwise. */
async function requireStored(library: string, id: string): Promise<StoredDataset> {
  const sets = await storedDatasets(library)
  const set = sets.find((candidate) => candidate.id === id)
  if (set !== undefined) return set
  if (catalog.some((entry) => entry.id === id))
    throw badInput(`"${id}" comes with the app; only imported data sets can be changed`, { found: id })
  const ids = sets.map((each) => each.id)
  throw new QuerentError('not-found', `no imported data set is called "${id}"`, {
    found: id,
    expected: ids.join(' · ') || 'nothing was imported yet',
    nearest: nearestName(id, ids),
  })
}

/** Names of the values of a row; none for sets that came as arrays. */
export async function valueNamesOf(id: string, library: string): Promise<readonly string[]> {
  const set = await findStored(library, id)
  return set === undefined ? [] : valueNames(set)
}

const lockTries = 100
const lockEveryMs = 100

/** The library is written by the workbench and by commands beside it; changes take turns. */
async function lockLibrary(library: string): Promise<Lock> {
  await withFile(library, () => mkdir(library, { recursive: true }))
  for (let tries = 0; ; tries++) {
    try {
      return await acquireLock(join(library, '.lock'), 'data library')
    } catch (error) {
      const isHeld = error instanceof QuerentError && error.code === 'locked'
      if (!isHeld || tries >= lockTries) throw error
      await new Promise((resume) => setTimeout(resume, lockEveryMs))
    }
  }
}
