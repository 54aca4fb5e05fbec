import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identityScaling } from '@engine/data/gather'
import { writeSafetensors } from '@engine/data/safetensors'
import { createBackbone, type Backbone } from '@engine/nn/backbone'
import { bringModel } from '@main/node/models/bringModel'
import { addModel, findByKey, listModels, loadModel, removeModel, requireFreeName, requireModel } from '@main/node/models/library'
import { readModelFile } from '@main/node/models/modelFile'
import { backboneStore } from '@main/node/models/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refusal } from '../../support/errors'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'querent-models-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const backbone = (name: string, value = 1): Backbone =>
  createBackbone({
    name,
    layers: [{ type: 'dense', units: 2 }, { type: 'relu' }],
    inputShape: [3],
    scaling: { ...identityScaling, scale: Float64Array.of(1 / 3) },
    weights: [
      { name: '0.weight', shape: [2, 3], data: new Float32Array(6).fill(value) },
      { name: '0.bias', shape: [2], data: new Float32Array(2) },
    ],
  })
const about = { key: null, source: 'test', method: 'imported', loss: null, accuracy: null } as const

describe('the model library', () => {
  it('gives back what it was given, bit for bit, and keeps equal content once', async () => {
    const given = backbone('small')
    const { model, known } = await addModel(folder, given, about)
    expect(known).toBe(false)
    expect(await loadModel(folder, model.sha256)).toEqual(given)
    expect(await addModel(folder, backbone('other name'.replace(' ', '-')), { ...about, key: 'k'.repeat(64) })).toMatchObject({
      known: true,
    })
    expect(await findByKey(folder, 'k'.repeat(64))).toMatchObject({ name: 'small' })
    expect(await loadModel(folder, 'k'.repeat(64))).toEqual(given)
    expect((await addModel(folder, backbone('small', 2), about)).model.name).toBe('small-2')
    expect((await listModels(folder)).map(({ name }) => name)).toEqual(['small', 'small-2'])
    expect((await readdir(folder)).every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true)
    expect((await requireModel(folder, model.sha256.slice(0, 8))).name).toBe('small')
  })

  it('refuses unknown names with the nearest, taken and impossible names, and changed files', async () => {
    const { model } = await addModel(folder, backbone('small'), about)
    expect((await refusal(() => requireModel(folder, 'smal'))).details).toMatchObject({ path: 'model.backbone', nearest: 'small' })
    expect((await refusal(() => addModel(folder, backbone('small', 3), about, true))).message).toContain('already')
    expect((await refusal(() => addModel(folder, backbone('../x', 3), about))).message).toContain('cannot be the name')
    expect((await refusal(() => requireFreeName(folder, 'small'))).message).toContain('already')
    expect((await refusal(() => requireFreeName(folder, 'a b'))).message).toContain('cannot be the name')
    await requireFreeName(folder, 'other')
    await truncate(join(folder, model.sha256, 'weights.safetensors'), 150)
    expect((await refusal(() => loadModel(folder, model.sha256))).code).toBe('bad-input')
    const store = backboneStore(folder)
    expect((await refusal(() => store.named('small', folder, [3]))).message).toBe('the weights of model "small" are damaged')
    await rm(join(folder, model.sha256, 'weights.safetensors'))
    expect((await refusal(() => store.named('small', folder, [3]))).message).toBe('the weights of model "small" are gone')
    await removeModel(folder, 'small')
    expect((await refusal(() => loadModel(folder, model.sha256))).code).toBe('not-found')
    expect(await readdir(folder)).toEqual([])
  })
})

it('puts a damaged backbone of the library back under its name', async () => {
  const key = 'k'.repeat(64)
  const { model } = await addModel(folder, backbone('small'), { ...about, key })
  const file = join(folder, model.sha256, 'weights.safetensors')
  const whole = await readFile(file)
  await writeFile(
    file,
    whole.map((byte, i) => (i < whole.length - 4 ? byte : 1)),
  )
  const store = backboneStore(folder)
  expect(await store.made(key)).toBeUndefined()
  const again = await addModel(folder, backbone('again'), { ...about, key })
  expect(again).toEqual({ model, known: false })
  expect(await readFile(file)).toEqual(whole)
  expect(await store.made(key)).toBe(model.sha256)
})

describe('readModelFile', () => {
  const torch = writeSafetensors({
    '0.weight': { data: Float32Array.from({ length: 6 }, (_, i) => i), shape: [2, 3] },
    '0.bias': { data: new Float32Array(2), shape: [2] },
    '2.weight': { data: new Float32Array(8), shape: [4, 2] },
    '2.bias': { data: new Float32Array(4), shape: [4] },
  })
  const layers = [{ type: 'dense' }, { type: 'relu' }, { type: 'dense' }]
  const file = (name: string): string => join(folder, name)

  it('reads torch weights with the architecture beside them and leaves out the head', async () => {
    await writeFile(file('net.safetensors'), torch)
    await writeFile(file('net.json'), JSON.stringify({ layers, inputShape: [3], scaling: { shift: [1], scale: [2] } }))
    const { backbone: read } = readModelFile(file('net.safetensors'), 'net.safetensors', {})
    expect(read).toMatchObject({ name: 'net', width: 2, inputShape: [3], scaling: { shift: Float64Array.of(1) } })
    expect(read.weights.map(({ name }) => name)).toEqual(['0.weight', '0.bias'])
    await writeFile(file('net.json'), JSON.stringify({ layers, head: false }))
    expect(readModelFile(file('net.safetensors'), 'net.safetensors', { inputShape: [3] }).backbone.width).toBe(4)
    const store = backboneStore(join(folder, 'library'))
    expect(await store.named('net.safetensors', folder, [3])).toMatchObject({ isStored: false })
    await store.keep('net.safetensors', folder, [3])
    expect(await store.named('net.safetensors', folder, [3])).toMatchObject({ isStored: true })
  })

  it('refuses a missing architecture, another input size, broken JSON and truncated weights', async () => {
    const from = (inputShape?: number[]) =>
      refusal(() => readModelFile(file('net.safetensors'), 'net.safetensors', inputShape ? { inputShape } : {}))
    expect(await from([3])).toMatchObject({ code: 'not-found', message: expect.stringContaining('net.safetensors') as unknown })
    await writeFile(file('net.safetensors'), torch)
    expect((await from([3])).details).toMatchObject({ path: 'model.backbone', expected: expect.stringContaining('net.json') as unknown })
    await writeFile(file('net.json'), JSON.stringify(layers))
    expect((await from()).details.path).toBe('inputShape')
    expect((await from([5])).message).toContain('0.weight has the wrong shape')
    expect(await refusal(() => backboneStore(join(folder, 'library')).named('net.safetensors', folder, [5]))).toMatchObject({
      message: 'net.safetensors: tensor 0.weight has the wrong shape',
      details: { path: 'model.backbone', found: '2 × 3', expected: '2 × 5' },
    })
    await writeFile(file('net.json'), '[{')
    expect((await from([3])).message).toContain('not valid JSON')
    await writeFile(file('net.json'), JSON.stringify(layers))
    await truncate(file('net.safetensors'), torch.length - 9)
    expect((await from([3])).message).toContain('cut off')
  })
})

it('bringModel takes the files of one model, whatever the architecture is called', async () => {
  const weights = join(folder, 'sent', 'net.safetensors')
  const architecture = join(folder, 'sent', 'layers.json')
  const models = join(folder, 'models')
  await mkdir(join(folder, 'sent'))
  await writeFile(
    weights,
    writeSafetensors({
      '0.weight': { data: new Float32Array(6).fill(0.5), shape: [2, 3] },
      '0.bias': { data: new Float32Array(2), shape: [2] },
      '2.weight': { data: new Float32Array(8), shape: [4, 2] },
      '2.bias': { data: new Float32Array(4), shape: [4] },
    }),
  )
  await writeFile(architecture, JSON.stringify([{ type: 'dense' }, { type: 'relu' }, { type: 'dense' }]))
  const bring = (paths: string[], about: { name?: string; inputShape?: number[] } = {}) => bringModel(models, paths, about)
  const refused = async (...given: Parameters<typeof bring>) => (await refusal(() => bring(...given))).message
  expect(await refused([weights, architecture])).toContain('does not say which shape samples have')
  expect(await refused([weights], { inputShape: [3] })).toContain('no architecture file beside the weights')
  for (const paths of [[], [architecture, weights, weights], [join(folder, 'a.onnx')]])
    expect(await refused(paths)).toBe('the files of one model are needed')
  const keras = join(folder, 'sent', 'model.json')
  const manifest = [{ paths: ['group1.bin'], weights: [{ name: 'a/kernel', shape: [3, 2], dtype: 'float32' }] }]
  await writeFile(keras, JSON.stringify({ modelTopology: { class_name: 'Sequential', config: [] }, weightsManifest: manifest }))
  expect(await refused([keras])).toBe('the weight file group1.bin of model.json is not beside it')
  expect(await listModels(models)).toEqual([])
  const { model } = await bring([architecture, weights], { inputShape: [3] })
  expect(model).toMatchObject({ name: 'net', width: 2, inputShape: [3], method: 'imported', source: 'net.safetensors' })
  expect(await bring([weights, architecture], { inputShape: [3], name: 'other' })).toEqual({ model, known: true })
  expect(await refused([weights, architecture], { inputShape: [3], name: 'net' })).toContain('is in the library already')
})
