import { createReferenceExecutor } from '@backends/reference/executor'
import { QuerentError } from '@engine/core/errors'
import { sizeOf } from '@engine/graph/ir'
import { modelFromArrays, type StateTensor } from '@engine/nn/fromStateDict'
import { describe, expect, it } from 'vitest'

const tensor = (...shape: number[]): StateTensor => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(0.1) })
const load = (tensors: Record<string, StateTensor>, inputShape: number[], architecture?: unknown) =>
  modelFromArrays({ architecture, tensors: new Map(Object.entries(tensors)), inputShape }, createReferenceExecutor())

async function failure(promise: Promise<unknown>): Promise<QuerentError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof QuerentError)) throw new Error('expected a QuerentError')
  return error
}

describe('a model from a state dict', () => {
  it('is dense layers with ReLU between when no architecture is given, whatever stood between them', async () => {
    const model = await load({ '4.bias': tensor(2), '4.weight': tensor(2, 3), '1.weight': tensor(3, 5) }, [5])
    expect(model.classes).toBe(2)
    expect(model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(15 + 6 + 2)
    const { weight, bias } = await model.lastLayer()
    expect([weight.rows, weight.cols, bias.length]).toEqual([2, 3, 2])
    expect((await model.snapshot()).map(({ length }) => length)).toEqual([15, 6, 2])
  })

  it('takes kernel and layer sizes from the tensors', async () => {
    const model = await load(
      { '0.weight': tensor(4, 1, 5, 5), '0.bias': tensor(4), '3.weight': tensor(3, 4 * 9) },
      [1, 8, 8],
      [{ type: 'conv2d', padding: 1 }, { type: 'maxpool2d', size: 2 }, { type: 'flatten' }, { type: 'dense' }],
    )
    expect(model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(100 + 4 + 108)
    expect([...(await model.lastLayer()).bias]).toEqual([0, 0, 0])
  })

  it('names what is missing, left over or of the wrong shape', async () => {
    const missing = await failure(load({ 'O.weight': tensor(2, 4) }, [4], [{ type: 'dense' }]))
    expect(missing).toMatchObject({ code: 'bad-input', details: { path: '0.weight', nearest: 'O.weight' } })
    const extra = await failure(load({ '0.weight': tensor(2, 4), '0.bais': tensor(2) }, [4]))
    expect(extra).toMatchObject({ code: 'bad-input', details: { path: '0.bais' } })
    const shape = await failure(load({ '0.weight': tensor(3, 4), '2.weight': tensor(2, 5) }, [4]))
    expect(shape).toMatchObject({ details: { path: '2.weight', found: '2 × 5', expected: '2 × 3' } })
    const rank = await failure(load({ '0.weight': tensor(3, 4, 1, 1) }, [4], [{ type: 'dense' }]))
    expect(rank).toMatchObject({ details: { path: '0.weight', found: '3 × 4 × 1 × 1', expected: 'out × in' } })
    const kernel = await failure(load({ '0.weight': tensor(3, 1, 2, 3) }, [1, 4, 4], [{ type: 'conv2d' }]))
    expect(kernel.code).toBe('unsupported')
    expect((await failure(load({ foo: tensor(3) }, [4]))).message).toContain('no tensor called <position>.weight')
  })

  it('reads statistics and nested blocks, and leaves out what torch counts beside them', async () => {
    const architecture = [
      { type: 'residual', layers: [{ type: 'conv1d', padding: 1 }, { type: 'batchnorm1d' }] },
      { type: 'adaptiveavgpool1d' },
      { type: 'flatten' },
      { type: 'dense' },
    ]
    const tensors = {
      '0.layers.0.weight': tensor(2, 2, 3),
      '0.layers.1.weight': tensor(2),
      '0.layers.1.bias': tensor(2),
      '0.layers.1.running_mean': tensor(2),
      '0.layers.1.running_var': tensor(2),
      '0.layers.1.num_batches_tracked': tensor(),
      '3.weight': tensor(3, 2),
      '3.bias': tensor(3),
    }
    const model = await load(tensors, [2, 7], architecture)
    expect(model.state.map(({ name }) => name)).toEqual(Object.keys(tensors).filter((name) => !name.endsWith('tracked')))
    const { '0.layers.1.running_var': _, ...without } = tensors
    expect(await failure(load(without, [2, 7], architecture))).toMatchObject({
      message: 'the model file has no tensor 0.layers.1.running_var for layer 0 (residual)',
      details: { path: '0.layers.1.running_var', expected: '2' },
    })
    const deep = await failure(load(tensors, [2, 7], [{ type: 'residual', layers: [{ type: 'conv1d', filters: 2 }] }, { type: 'dense' }]))
    expect(deep).toMatchObject({ code: 'bad-input', details: { path: '0.layers.0' } })
    const heads = await failure(load({ '1.weight': tensor(2, 6) }, [4, 6], [{ type: 'multiheadattention' }, { type: 'dense' }]))
    expect(heads.details.path).toBe('0.heads')
  })

  it('reads group normalisation and embeddings, whose tokens must have rows', async () => {
    const maps = [{ type: 'conv2d' }, { type: 'groupnorm', groups: 2 }, { type: 'flatten' }, { type: 'dense' }]
    const tensors = { '0.weight': tensor(4, 1, 2, 2), '1.weight': tensor(4), '1.bias': tensor(4), '3.weight': tensor(2, 4) }
    const model = await load(tensors, [1, 2, 2], maps)
    expect(model.parameters.map(({ name }) => name)).toEqual(Object.keys(tensors))
    const uneven = await failure(load(tensors, [1, 2, 2], [maps[0], { type: 'groupnorm', groups: 3 }, ...maps.slice(2)]))
    expect(uneven.message).toBe('layer 1 (groupnorm) needs channels in 3 groups of one size, but gets samples of shape 4 × 1 × 1')

    const words = { '0.weight': tensor(5, 3), '2.weight': tensor(2, 3) }
    const layers = [{ type: 'embedding' }, { type: 'tokenmean' }, { type: 'dense' }]
    const text = (samples: number[]) =>
      modelFromArrays(
        { architecture: layers, tensors: new Map(Object.entries(words)), inputShape: [2], samples },
        createReferenceExecutor(),
      )
    expect((await text([0, 4, 1, 1])).classes).toBe(2)
    for (const stray of [5, -1, 0.5])
      expect(await failure(text([0, stray]))).toMatchObject({
        code: 'bad-input',
        message: `the inputs hold ${stray}, and the embedding has rows for the tokens 0 to 4`,
      })
    const later = await failure(
      load({ '0.weight': tensor(4, 2), '1.weight': tensor(5, 3), '3.weight': tensor(2, 3) }, [2], [{ type: 'dense' }, ...layers]),
    )
    expect(later.message).toContain('layer 1 (embedding) needs token numbers')
  })

  it('refuses an architecture that is not one', async () => {
    const unknown = await failure(load({ '0.weight': tensor(2, 4) }, [4], [{ type: 'dense' }, { type: 'selu' }]))
    expect(unknown).toMatchObject({ code: 'bad-input', details: { path: '1.type' } })
    const option = await failure(load({ '0.weight': tensor(2, 4) }, [4], [{ type: 'dense', units: 3 }]))
    expect(option.message).toContain('units')
    const last = await failure(load({ '0.weight': tensor(2, 4) }, [4], [{ type: 'dense' }, { type: 'relu' }]))
    expect(last.message).toContain('last layer')
  })
})
