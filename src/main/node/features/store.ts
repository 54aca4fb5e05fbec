import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import { hashValue } from '@engine/core/hash'
import { z } from '@engine/core/zod'
import { splitReference } from '@engine/data/readArray'
import { withFile } from '../errors'
import { writeAtomic } from '../storage/files'

/**
 * The feature store: a folder per set of features, named by a hash of what they were made of, with `features.npy`
 * (rows × width, float32) and `features.json`, which says what they are.
 */
const storedSchema = z.object({
  format: z.literal(1),
  /** hash of what the features were made of: the folder's name */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  /** name of the data set, for people */
  dataset: z.string(),
  datasetSha256: z.string(),
  /** SHA-256 of the network, or null for features that came as a file */
  backboneSha256: z.string().nullable(),
  dtype: z.literal('float32'),
  rows: z.int().min(1),
  width: z.int().min(1),
  /** milliseconds that the network took for all rows; 0 for imported features */
  forwardMs: z.number().min(0),
  /** SHA-256 of features.npy */
  sha256: z.string(),
  bytes: z.int(),
  /** where they come from, for people */
  source: z.string(),
  /** how the inputs were prepared and the outputs reduced */
  settings: z.record(z.string(), z.unknown()),
})
export type StoredFeatures = z.infer<typeof storedSchema>

/** What determines features: a data set, and a network with its settings or a file. */
export interface FeatureOrigin {
  readonly datasetSha256: string
  /** network: its SHA-256, and whatever else changes its outputs */
  readonly network?: Readonly<Record<string, unknown>>
  /** file: SHA-256 of its bytes, and the array in it */
  readonly file?: { readonly sha256: string; readonly key: string | null }
}

export const featureKey = (origin: FeatureOrigin): string => hashValue({ format: 1, ...origin })

/** Where the features of a file (`reference` with `#key` where it holds several arrays) lie in the store. */
export const fileKey = (datasetSha256: string, reference: string, sha256: string): string =>
  featureKey({ datasetSha256, file: { sha256, key: splitReference(reference).key ?? null } })

export const folderOf = (store: string, key: string): string => join(store, key)
export const partFolder = (store: string, key: string): string => join(store, `${key}.part`)
export const valuesFile = (folder: string): string => join(folder, 'features.npy')
export const factsFile = (folder: string): string => join(folder, 'features.json')

/** The features of a key; undefined when they are not there or not whole. */
export async function findKey(store: string, key: string): Promise<StoredFeatures | undefined> {
  try {
    const parsed = storedSchema.safeParse(JSON.parse(await readFile(factsFile(folderOf(store, key)), 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** Everything in the store, by name and data set. Folders that are damaged or half-made are passed over. */
export async function listFeatures(store: string): Promise<StoredFeatures[]> {
  const names = (await readdir(store).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name))
  const found = await Promise.all(names.map((name) => findKey(store, name)))
  const order = ({ name, dataset, key }: StoredFeatures): string => JSON.stringify([name, dataset, key])
  return found.filter((entry) => entry !== undefined).sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

/** The features called `name` of a data set; `bad-input` with the names there are otherwise. */
export async function requireFeatures(store: string, name: string, dataset: { name: string; sha256: string }): Promise<StoredFeatures> {
  const all = await listFeatures(store)
  const found = all.filter((entry) => entry.name === name && entry.datasetSha256 === dataset.sha256)
  if (found.length === 1) return found[0]
  if (found.length > 1)
    throw badInput(`${found.length} sets of features of ${dataset.name} are called "${name}"`, {
      path: 'data.features',
      found: found.map((entry) => entry.key.slice(0, 12)).join(', '),
      expected: 'one: remove the others, or make them again under another --name',
    })
  const elsewhere = all.filter((entry) => entry.name === name)
  if (elsewhere.length > 0)
    throw badInput(`the stored features "${name}" are not those of ${dataset.name} as it is now`, {
      path: 'data.features',
      found: `features of ${elsewhere.map((entry) => `${entry.dataset} (SHA-256 ${entry.datasetSha256.slice(0, 12)}…)`).join(', ')}`,
      expected: `features of ${dataset.name} (SHA-256 ${dataset.sha256.slice(0, 12)}…)`,
    })
  const names = [...new Set(all.filter((entry) => entry.datasetSha256 === dataset.sha256).map((entry) => entry.name))]
  throw badInput(`no features of ${dataset.name} are stored as "${name}"`, {
    path: 'data.features',
    found: name,
    expected: names.join(' · ') || 'a file, or features made by `querent features extract` or `import`',
    nearest: nearestName(name, names),
  })
}

/** The one entry with this name or key, of this data set when one is named. */
export async function findFeatures(store: string, name: string, dataset?: string): Promise<StoredFeatures> {
  const all = await listFeatures(store)
  const isNamed = (entry: StoredFeatures): boolean => entry.name === name || (name.length >= 8 && entry.key.startsWith(name))
  const found = all.filter((entry) => isNamed(entry) && (dataset === undefined || entry.dataset === dataset))
  if (found.length === 1) return found[0]
  if (found.length > 1)
    throw badInput(`${found.length} sets of features are called "${name}"`, {
      found: found.map((entry) => `${entry.dataset}: ${entry.key.slice(0, 12)}`).join(', '),
      expected: 'one: name its data set with --dataset, or give the first letters of its key',
    })
  const names = [...new Set(all.map((entry) => entry.name))]
  throw new QuerentError('not-found', `no features are called "${name}"`, {
    found: name,
    expected: names.join(' · ') || 'none are stored yet',
    nearest: nearestName(name, names),
  })
}

/** Calls stored features by another name. */
export async function renamed(store: string, { key }: Pick<StoredFeatures, 'key'>, name: string): Promise<StoredFeatures> {
  const facts = await findKey(store, key)
  if (facts === undefined) throw new QuerentError('not-found', 'these features are not stored any more', { found: key })
  const next = { ...facts, name }
  if (name !== facts.name) await writeAtomic(factsFile(folderOf(store, key)), `${JSON.stringify(next, null, 2)}\n`)
  return next
}

/** Deletes features, and what an interrupted attempt left of them. */
export async function removeFeatures(store: string, { key }: Pick<StoredFeatures, 'key'>): Promise<void> {
  for (const folder of [folderOf(store, key), partFolder(store, key)])
    await withFile(folder, () => rm(folder, { recursive: true, force: true }))
}
