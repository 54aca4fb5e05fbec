import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { emitOnnx } from '@backends/onnx/emit'
import { bytes, concatenate, integer, message, text } from '@backends/onnx/protobuf'
import { createParameterStore } from '@backends/onnx/store'
import { createBuilder } from '@engine/graph/builder'
import type { LayerSpec } from '@engine/nn/model'
import { planNetwork, traceEntropyNorms, traceOutputs, traceStep } from '@engine/nn/network'

describe('protocol-buffer fields', () => {
  const hex = (encoded: Uint8Array) => Buffer.from(encoded).toString('hex')

  it('encode as the specification shows', () => {
    expect(hex(integer(1, 150))).toBe('089601')
    expect(hex(integer(1, 0))).toBe('0800')
    expect(hex(integer(20, 7))).toBe('a00107')
    expect(hex(integer(1, -2))).toBe('08feffffffffffffffff01')
    expect(hex(text(2, 'testing'))).toBe('120774657374696e67')
    expect(hex(message(3, [integer(1, 150)]))).toBe('1a03089601')
  })

  it('carry long payloads and join in order', () => {
    const encoded = bytes(9, new Uint8Array(300).fill(5))
    expect(hex(encoded.subarray(0, 4))).toBe('4aac0205')
    expect(encoded.length).toBe(303)
    expect(hex(concatenate([integer(1, 1), integer(2, 2)]))).toBe('08011002')
  })
})

describe('translation', () => {
  /** How often each ONNX operation occurs: a node names its type in field 4. */
  function operations(model: Uint8Array, types: readonly string[]): Record<string, number> {
    const haystack = Buffer.from(model).toString('latin1')
    return Object.fromEntries(types.map((type) => [type, haystack.split(`\x22${String.fromCharCode(type.length)}${type}`).length - 1]))
  }
  const mlp = planNetwork([{ type: 'dense', units: 6 }, { type: 'relu' }, { type: 'dense', units: 3 }], [4], 3)
  const stage = (filters: number): LayerSpec[] => [
    { type: 'conv2d', filters, kernel: 3, padding: 1 },
    { type: 'maxpool2d', size: 2 },
    { type: 'relu' },
  ]
  const head: LayerSpec[] = [{ type: 'flatten' }, { type: 'dense', units: 3 }]
  const cnn = planNetwork([...stage(2), ...head], [1, 6, 6], 3)

  it('merges biases into products and masks into choices', () => {
    const counts = operations(emitOnnx(traceStep(mlp, 5)).bytes, ['Gemm', 'Add', 'Where', 'Cast', 'Relu'])
    expect(counts).toEqual({ Gemm: 5, Add: 0, Where: 1, Cast: 0, Relu: 1 })
  })

  it('convolves directly for inference; shares patches in training, and keeps one layout from convolution to flattening', () => {
    expect(operations(emitOnnx(traceOutputs(cnn, 5)).bytes, ['Conv', 'Concat', 'Add'])).toEqual({ Conv: 1, Concat: 0, Add: 0 })
    const training = operations(emitOnnx(traceStep(cnn, 5)).bytes, ['Conv', 'Gather', 'Transpose', 'MaxPool'])
    // of the inputs, of the flattened maps and of their error
    expect(training).toEqual({ Conv: 0, Gather: 1, Transpose: 3, MaxPool: 0 })
  })

  it('has the channels of a pixel together for norms of each sample, where maxima are pooled', () => {
    const norms = (layers: LayerSpec[]) =>
      operations(emitOnnx(traceEntropyNorms(planNetwork([...layers, ...head], [1, 12, 12], 3), 5)).bytes, ['Conv', 'Gather', 'MaxPool'])
    // The second convolution and its weight gradients share patches, gathered along columns, then along rows.
    const pooled = [...stage(8), ...stage(4)]
    expect(norms(pooled)).toEqual({ Conv: 2, Gather: 2, MaxPool: 0 })
    expect(norms(pooled.filter(({ type }) => type !== 'maxpool2d'))).toEqual({ Conv: 3, Gather: 0, MaxPool: 0 })
  })

  it('names inputs, parameters and outputs, and leaves out what no output needs', () => {
    const g = createBuilder()
    const x = g.input('x', [2])
    g.exp(x)
    g.output('y', g.add(x, g.parameter('p', [2])))
    const graph = g.build()
    const model = emitOnnx({ ...graph, nodes: [...graph.nodes] })
    expect(model.inputs).toEqual([{ name: 'x', key: 'input:x', shape: [2] }])
    expect(model.parameters).toEqual([{ name: 'p', key: 'parameter:p', shape: [2] }])
    expect(model.outputs).toEqual([{ name: 'y', key: 'output:y', shape: [2] }])
    expect(operations(model.bytes, ['Exp', 'Add'])).toEqual({ Exp: 0, Add: 1 })
  })
})

describe('parameter store', () => {
  const specs = [
    { name: 'a', shape: [3] },
    { name: 'b', shape: [5, 5] },
  ]

  it('keeps tensors apart and gives copies', async () => {
    const store = createParameterStore(specs)
    store.write([Float32Array.of(1, 2, 3), new Float32Array(25).fill(4)])
    const read = await store.read()
    expect(read).toEqual([Float32Array.of(1, 2, 3), new Float32Array(25).fill(4)])
    read[0].fill(9)
    expect((await store.read())[0]).toEqual(Float32Array.of(1, 2, 3))
  })

  it('reuses blocks, clears them, and moves with its memory', async () => {
    const store = createParameterStore([{ name: 'a', shape: [20_000] }])
    store.write([new Float32Array(20_000).fill(7)])
    const first = store.acquire()
    store.views(first)[0].fill(5)
    store.release(first)
    const again = store.acquire()
    expect(again.address).toBe(first.address)
    expect(store.views(again)[0].every((value) => value === 0)).toBe(true)
    const epoch = store.epoch
    const blocks = Array.from({ length: 6 }, () => store.acquire())
    expect(store.epoch).toBeGreaterThan(epoch)
    expect(new Set(blocks.map(({ address }) => address)).size).toBe(6)
    expect((await store.read())[0].every((value) => value === 7)).toBe(true)
  })

  it('refuses arrays of the wrong length', () => {
    expect(() => createParameterStore(specs).write([Float32Array.of(1, 2, 3), new Float32Array(24)])).toThrow(/b/)
    expect(() => createParameterStore(specs).write([Float32Array.of(1, 2, 3)])).toThrow(/b/)
  })
})
