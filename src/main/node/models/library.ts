import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelInfo } from '@contract/models'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import { openSafetensors, writeSafetensors } from '@engine/data/safetensors'
import { createBackbone, plainScaling, scalingOf, type Backbone } from '@engine/nn/backbone'
import type { LayerSpec } from '@engine/nn/model'
import { nodeHasher, readBytes } from '../datasets/files'
import { systemCode, withFile } from '../errors'
import { writeAtomic } from '../storage/files'

/** The model library: a folder per backbone, named by its SHA-256, with `model.json` and `weights.safetensors`. */
const storedSchema = z.object({
  format: z.literal(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  /** hash of what it was pre-trained by; null for imported weights */
  key: z.string().nullable(),
  layers: z.array(z.looseObject({ type: z.string() })),
  inputShape: z.array(z.int().min(1)),
  width: z.int(),
  parameters: z.int(),
  bytes: z.int(),
  scaling: z.object({ shift: z.array(z.number()), scale: z.array(z.number()), fill: z.array(z.number()).optional() }),
  source: z.string(),
  method: z.enum(['supervised', 'simclr', 'imported']),
  loss: z.number().nullable(),
  accuracy: z.number().nullable(),
})
export type StoredModel = z.infer<typeof storedSchema>

/** What is known of a backbone besides its numbers. */
export type About = Pick<StoredModel, 'key' | 'source' | 'method' | 'loss' | 'accuracy'>

const factsFile = 'model.json'
const weightsFile = 'weights.safetensors'
const isName = (name: string): boolean => /^[a-z0-9][a-z0-9._-]{0,99}$/i.test(name) && !/\.(safetensors|json|npz)$/i.test(name)

export const modelInfo = ({
  name,
  sha256,
  layers,
  inputShape,
  width,
  parameters,
  bytes,
  source,
  method,
  accuracy,
}: StoredModel): ModelInfo => ({
  name,
  sha256,
  layers: layers.map(({ type }) => type),
  inputShape,
  width,
  parameters,
  bytes,
  source,
  method,
  accuracy,
})

/** Layers as they were written. */
export const layersOfStored = ({ layers }: StoredModel): readonly LayerSpec[] => layers as unknown as readonly LayerSpec[]

/** Every backbone of the library, by name. Folders that are damaged or half-made are passed over. */
export async function listModels(models: string): Promise<StoredModel[]> {
  const names = (await readdir(models).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name))
  const found = await Promise.all(names.map((name) => readFacts(join(models, name))))
  return found.filter((entry) => entry !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readFacts(folder: string): Promise<StoredModel | undefined> {
  try {
    const parsed = storedSchema.safeParse(JSON.parse(await readFile(join(folder, factsFile), 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** The backbone that was pre-trained by what `key` stands for. */
export const findByKey = async (models: string, key: string): Promise<StoredModel | undefined> =>
  (await listModels(models)).find((entry) => entry.key === key)

/** The backbone of this name, or of this SHA-256 (its first 8 digits do); `bad-input` with the names there are otherwise. */
export async function requireModel(models: string, name: string): Promise<StoredModel> {
  const all = await listModels(models)
  const found =
    all.find((entry) => entry.name === name) ??
    (/^[0-9a-f]{8,64}$/.test(name) ? all.find((entry) => entry.sha256.startsWith(name)) : undefined)
  if (found !== undefined) return found
  const names = all.map((entry) => entry.name)
  throw badInput(`no model of the library is called "${name}"`, {
    path: 'model.backbone',
    found: name,
    expected: names.length === 0 ? 'a weights file, or { pretrain: … }: the library is empty' : `${names.join(' · ')}, or a weights file`,
    nearest: nearestName(name, names),
  })
}

function requireName(name: string): void {
  if (isName(name)) return
  throw badInput(`"${name}" cannot be the name of a model`, {
    path: 'name',
    found: name,
    expected: 'letters, digits, dots, - and _, and no file ending',
  })
}

const nameTaken = (name: string): QuerentError =>
  badInput(`a model called "${name}" is in the library already`, { path: 'name', found: name, expected: 'another name' })

/** Refuses a name that a new model cannot have, before anything is trained. */
export async function requireFreeName(models: string, name: string): Promise<void> {
  requireName(name)
  if ((await listModels(models)).some((entry) => entry.name === name)) throw nameTaken(name)
}

/**
 * Puts a backbone into the library, whole or not at all. Content that is there already stays the one copy, under its name; a name that is
 * taken gets a number, or is refused where the caller asked for exactly that name. A damaged copy gives way under its name.
 */
export async function addModel(
  models: string,
  backbone: Backbone,
  about: About,
  isWanted = false,
): Promise<{ model: StoredModel; known: boolean }> {
  requireName(backbone.name)
  const present = await listModels(models)
  const same = present.find(({ sha256 }) => sha256 === backbone.id)
  if (same !== undefined && (await isIntact(models, same))) {
    // The same weights, reached another way: the next study finds them by how they were made.
    if (same.key !== null || about.key === null) return { model: same, known: true }
    const model = { ...same, ...about }
    await writeAtomic(join(models, same.sha256, factsFile), factsText(model))
    return { model, known: true }
  }
  const taken = new Set(present.filter((entry) => entry !== same).map(({ name }) => name))
  if (isWanted && taken.has(backbone.name)) throw nameTaken(backbone.name)
  let { name } = isWanted ? backbone : (same ?? backbone)
  for (let n = 2; taken.has(name); n++) name = `${backbone.name}-${n}`
  const weights = writeSafetensors(Object.fromEntries(backbone.weights.map(({ name: tensor, data, shape }) => [tensor, { data, shape }])))
  const model: StoredModel = {
    format: 1,
    sha256: backbone.id,
    name,
    ...about,
    layers: backbone.layers as unknown as StoredModel['layers'],
    inputShape: [...backbone.inputShape],
    width: backbone.width,
    parameters: backbone.weights.reduce((sum, { data }) => sum + data.length, 0),
    bytes: weights.length,
    scaling: plainScaling(backbone.scaling) as StoredModel['scaling'],
  }
  const folder = join(models, backbone.id)
  const work = join(models, `.work-${randomBytes(6).toString('hex')}`)
  await withFile(folder, async () => {
    await mkdir(work, { recursive: true })
    try {
      await writeAtomic(join(work, weightsFile), weights)
      await writeAtomic(join(work, factsFile), factsText(model))
      await rm(folder, { recursive: true, force: true }) // damaged: it was not among the present ones
      await rename(work, folder).catch((error: unknown) => {
        // Another process was as fast with the same bytes.
        if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error
      })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return { model, known: false }
}

const factsText = (model: StoredModel): string => `${JSON.stringify(model, null, 2)}\n`

/**
 * Reads a backbone by the SHA-256 of its content, or of what it was pre-trained by; refuses one that is not there any more, or whose
 * files changed.
 */
export async function loadModel(models: string, id: string): Promise<Backbone> {
  const stored = (await readFacts(join(models, id))) ?? (await findByKey(models, id))
  if (stored === undefined)
    throw new QuerentError('not-found', `the model library has no backbone ${id.slice(0, 8)} any more`, {
      path: 'model.backbone',
      found: id,
      expected: 'the backbone that the study was started with',
    })
  const { sha256 } = stored
  const file = join(models, sha256, weightsFile)
  const name = `${stored.name}/${weightsFile}`
  const tensors = openSafetensors(readBytes(file, name), name)
  const backbone = createBackbone(
    {
      name: stored.name,
      layers: layersOfStored(stored),
      inputShape: stored.inputShape,
      scaling: scalingOf(stored.scaling),
      weights: tensors.keys.map((key) => {
        const { shape, data } = tensors.read(key)
        return { name: key, shape, data: Float32Array.from(data) }
      }),
    },
    nodeHasher(),
  )
  if (backbone.id !== sha256)
    throw badInput(`the files of model "${stored.name}" changed since it was stored`, {
      file,
      found: `SHA-256 ${backbone.id}`,
      expected: `SHA-256 ${sha256}`,
    })
  return backbone
}

/** Whether the weights of a model are those that were stored. */
export const isIntact = (models: string, { sha256 }: StoredModel): Promise<boolean> =>
  loadModel(models, sha256).then(
    () => true,
    () => false,
  )

/** Refuses a model whose weights are gone or cut short; what is in them is looked at when they are read. */
export async function requireWeights(models: string, { name, sha256, bytes }: StoredModel): Promise<void> {
  const file = join(models, sha256, weightsFile)
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size === bytes) return
  throw badInput(`the weights of model "${name}" are ${size === 0 ? 'gone' : 'damaged'}`, {
    file,
    path: 'model.backbone',
    found: `${size} bytes`,
    expected: `${bytes} bytes: take it out of the library and bring it in again`,
  })
}

/** Takes a backbone out of the library for good. */
export async function removeModel(models: string, name: string): Promise<StoredModel> {
  const stored = await requireModel(models, name)
  const folder = join(models, stored.sha256)
  await withFile(folder, () => rm(folder, { recursive: true }))
  return stored
}
