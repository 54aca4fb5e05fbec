import { createReferenceExecutor } from '@backends/reference/executor'
import { QuerentError } from '@engine/core/errors'
import { randomFrom } from '@engine/core/random'
import { createBuilder } from '@engine/graph/builder'
import { gradients } from '@engine/graph/grad'
import { layersOf } from '@engine/nn/architectures'
import { flipCrop } from '@engine/nn/augment'
import { drawWeights } from '@engine/nn/initialize'
import { planLayers } from '@engine/nn/layers'
import { crossEntropy, entropy } from '@engine/nn/losses'
import { forward, planNetwork } from '@engine/nn/network'
import { describe, expect, it } from 'vitest'
import { evaluate, relativeError, traced } from '../../support/graphs'

describe('architectures', () => {
  it('builds linear, mlp and cnn models with names as torch has them', () => {
    expect(layersOf({ type: 'linear', init: 'he-uniform' }, [4], 3)).toEqual([{ type: 'dense', units: 3 }])
    const mlp = layersOf({ type: 'mlp', hidden: [8, 6], dropout: 0, init: 'he-uniform' }, [1, 4, 4], 3)
    expect(mlp.map(({ type }) => type)).toEqual(['flatten', 'dense', 'relu', 'dense', 'relu', 'dense'])
    const cnn = layersOf({ type: 'cnn', filters: [4, 6], hidden: [5], dropout: 0.5, init: 'he-uniform' }, [1, 9, 8], 3)
    const parameters = planLayers(cnn, [1, 9, 8]).flatMap((layer) => layer.parameters)
    expect(parameters.map(({ name, shape }) => `${name} ${shape.join('×')}`)).toEqual([
      '0.weight 4×1×3×3',
      '0.bias 4',
      '3.weight 6×4×3×3',
      '3.bias 6',
      '8.weight 5×24',
      '8.bias 5',
      '11.weight 3×5',
      '11.bias 3',
    ])
  })

  it('offers every hidden activation as a tap, before dropout', async () => {
    const spec = { filters: [4, 6], hidden: [5], dropout: 0.5, init: 'he-uniform' } as const
    const cnn = planNetwork(layersOf({ type: 'cnn', ...spec }, [1, 9, 8], 3), [1, 9, 8], 3)
    expect(cnn.taps).toEqual([
      { layer: 2, shape: [4, 4, 4], tokens: false },
      { layer: 5, shape: [6, 2, 2], tokens: false },
      { layer: 9, shape: [5], tokens: false },
    ])
    const mlp = planNetwork(layersOf({ type: 'mlp', ...spec, hidden: [4, 2] }, [3], 2), [3], 2)
    const g = createBuilder()
    const traced = forward(g, mlp, 7, { mode: 'inference' })
    expect(traced.taps.map(({ shape }) => shape)).toEqual([
      [7, 4],
      [7, 2],
    ])
    expect(traced.taps.map((value) => g.producer(value)?.op)).toEqual(['relu', 'relu'])
    expect(traced.taps[1]).toBe(traced.embedding)
    expect(planNetwork(layersOf({ type: 'linear', init: 'he-uniform' }, [3], 2), [3], 2).taps).toEqual([])
  })

  it('builds ResNets, 1-D CNNs and ViTs with the ends of stages and blocks as taps', () => {
    const common = { dropout: 0.1, init: 'he-uniform' } as const
    const shapesOf = (spec: Parameters<typeof layersOf>[0], inputShape: readonly number[]) => {
      const network = planNetwork(layersOf(spec, inputShape, 3), inputShape, 3)
      return { taps: network.taps.map(({ shape }) => shape.join('×')), names: network.state.map(({ name }) => name), network }
    }
    const resnet = shapesOf({ type: 'resnet', widths: [4, 8], blocks: 2, ...common }, [3, 9, 10])
    expect(resnet.taps).toEqual(['4×9×10', '8×5×5'])
    expect(resnet.names.filter((name) => name.startsWith('7.shortcut'))).toEqual([
      '7.shortcut.0.weight',
      '7.shortcut.1.weight',
      '7.shortcut.1.bias',
      '7.shortcut.1.running_mean',
      '7.shortcut.1.running_var',
    ])
    expect(resnet.names.filter((name) => name.includes('shortcut')).length).toBe(5)
    expect(resnet.network.firstDropout).toBe(resnet.network.layers.length - 2)
    for (const inputShape of [[40], [2, 40]])
      expect(shapesOf({ type: 'cnn1d', filters: [4, 6], kernel: 5, ...common }, inputShape).taps).toEqual(['4×40', '6×40'])
    const vit = shapesOf({ type: 'vit', patch: 2, width: 6, depth: 2, heads: 3, ...common }, [1, 4, 6])
    expect(vit.taps).toEqual(['6×6', '6×6'])
    const g = createBuilder()
    const { taps, logits, embedding } = forward(g, vit.network, 5, { mode: 'inference' })
    expect([...taps, embedding, logits].map(({ shape }) => shape.join('×'))).toEqual(['5×6×6', '5×6×6', '5×6', '5×3'])
    expect(g.producer(taps[0])?.op).toBe('transpose')
  })

  it('says which samples a ResNet, a 1-D CNN and a ViT need', () => {
    const common = { dropout: 0, init: 'he-uniform' } as const
    const refusal = (spec: Parameters<typeof layersOf>[0], inputShape: readonly number[]) => {
      try {
        layersOf(spec, inputShape, 3)
      } catch (error) {
        if (error instanceof QuerentError) return { message: error.message, ...error.details }
      }
      throw new Error('expected a refusal')
    }
    const vit = { type: 'vit', patch: 4, width: 64, depth: 2, heads: 4, ...common } as const
    expect(refusal({ type: 'resnet', widths: [4], blocks: 1, ...common }, [7])).toEqual({
      message: 'model type resnet needs images, and this data set holds vectors',
      path: 'model.type',
      found: 'samples of shape 7',
      expected: 'linear or mlp for vectors',
    })
    expect(refusal(vit, [2, 30])).toMatchObject({ path: 'model.type', expected: 'linear, mlp or cnn1d for series' })
    expect(refusal(vit, [1, 9, 6])).toMatchObject({ path: 'model.patch', found: '4', expected: 'one of 1, 3' })
    expect(refusal({ ...vit, heads: 5 }, [1, 8, 8])).toMatchObject({ path: 'model.heads', found: '5', expected: 'a divisor of 64' })
    const series = { type: 'cnn1d', filters: [4], kernel: 3, ...common } as const
    expect(refusal(series, [1, 8, 8])).toMatchObject({ path: 'model.type', found: 'samples of shape 1 × 8 × 8' })
    expect(refusal({ ...series, kernel: 4 }, [8])).toMatchObject({ path: 'model.kernel', expected: 'an odd number' })
  })

  it('refuses blocks whose ends do not meet, dropout within one, and heads that do not share the width', () => {
    const last = [{ type: 'flatten' }, { type: 'dense', units: 2 }] as const
    const wider = { type: 'conv2d', filters: 4, kernel: 1 } as const
    expect(() => planLayers([{ type: 'residual', layers: [wider] }, ...last], [2, 4, 4])).toThrow(
      'layer 0 (residual) needs a shortcut that makes what its layers make, [4×4×4] and not [2×4×4]',
    )
    expect(() => planLayers([{ type: 'residual', layers: [{ type: 'dropout', rate: 0.5 }] }, ...last], [2, 4, 4])).toThrow(
      'dropout outside',
    )
    expect(() => planLayers([{ type: 'residual', layers: [{ type: 'attention', heads: 2 }] }, ...last], [4, 5])).toThrow(
      'layer 0.layers.0 (attention) needs tokens × width, the width a multiple of 2 heads',
    )
    expect(() => planLayers([{ type: 'conv1d', filters: 2, kernel: 9 }, ...last], [2, 5])).toThrow('series of at least 9 steps')
    expect(() => planLayers([{ type: 'dense', units: 2 }], [3, 4])).toThrow('the last layer of a model must be dense, and read vectors')
  })

  it('refuses convolutions on vectors, too many poolings and layers that do not fit', () => {
    const cnn = { type: 'cnn', filters: [4, 4, 4], hidden: [], dropout: 0, init: 'he-uniform' } as const
    expect(() => layersOf(cnn, [64], 3)).toThrow('cnn needs images')
    expect(() => layersOf(cnn, [1, 7, 9], 3)).toThrow('3 poolings leave nothing of images of 7 × 9 pixels')
    expect(() => planLayers([{ type: 'dense', units: 3 }], [1, 4, 4])).toThrow('layer 0 (dense) needs vectors')
    expect(() => planLayers([{ type: 'flatten' }, { type: 'maxpool2d', size: 2 }], [1, 4, 4])).toThrow('layer 1 (maxpool2d) needs images')
    expect(() => planLayers([{ type: 'dense', units: 3 }, { type: 'relu' }], [4])).toThrow('the last layer of a model must be dense')
  })
})

it('draws initial weights inside the published bounds, biases only where torch does', () => {
  const layers = planLayers([{ type: 'conv2d', filters: 8, kernel: 3 }, { type: 'flatten' }, { type: 'dense', units: 20 }], [2, 6, 6])
  const extent = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs))
  const expected = {
    'he-uniform': [Math.sqrt(6 / 18), 0, Math.sqrt(6 / 128), 0],
    'torch-default': [Math.sqrt(1 / 18), Math.sqrt(1 / 18), Math.sqrt(1 / 128), Math.sqrt(1 / 128)],
    'glorot-uniform': [Math.sqrt(6 / (18 + 72)), 0, Math.sqrt(6 / 148), 0],
  } as const
  for (const [init, bounds] of Object.entries(expected)) {
    const drawn = drawWeights(layers, init as keyof typeof expected, randomFrom(init), (size) => new Float64Array(size))
    for (const [i, values] of drawn.entries()) {
      expect(extent(values)).toBeLessThanOrEqual(bounds[i])
      expect(extent(values)).toBeGreaterThanOrEqual(0.6 * bounds[i])
    }
    const mean = [...drawn[2]].reduce((a, b) => a + b, 0) / drawn[2].length
    expect(Math.abs(mean)).toBeLessThan(bounds[2] / 20)
  }
})

describe('losses', () => {
  // worked example E1 of A§2.1
  const z = Float64Array.of(2, 1, 0)

  it('entropy and its derivative agree with the worked example', async () => {
    const { h, d } = await evaluate(
      traced((g) => {
        const logits = g.input('z', [1, 3])
        const h = entropy(g, logits)
        return { h, d: gradients(g, g.reduceSum(h), [logits])[0] }
      }),
      { z },
    )
    expect(h[0]).toBeCloseTo(0.832396, 6)
    expect([...d].map((value) => value.toFixed(6))).toEqual(['-0.282587', '0.140770', '0.141817'])
  })

  it('the entropy gradient of a confident row keeps its digits in float32', async () => {
    const graph = traced((g) => {
      const logits = g.input('z', [1, 3])
      return { d: gradients(g, g.reduceSum(entropy(g, logits)), [logits])[0] }
    })
    const confident = [25, 0, 1] // p − 1 is below float32's resolution
    const exact = await evaluate(graph, { z: Float64Array.from(confident) })
    const single = await evaluate(graph, { z: Float32Array.from(confident) }, createReferenceExecutor('float32'))
    expect(relativeError(single.d, exact.d)).toBeLessThan(1e-2)
  })

  it('cross-entropy is weighted and its derivative is (p − y)·w', async () => {
    const { loss, d } = await evaluate(
      traced((g) => {
        const logits = g.input('z', [2, 3])
        const loss = crossEntropy(g, logits, g.input('target', [2, 3]))
        return { loss, d: gradients(g, loss, [logits])[0] }
      }),
      { z: Float64Array.of(...z, ...z), target: Float64Array.of(0, 0.25, 0, 0, 0, 0) },
    )
    const p = [0.665241, 0.244728, 0.090031]
    expect(loss[0]).toBeCloseTo(-0.25 * Math.log(p[1]), 6)
    for (const [i, value] of [p[0], p[1] - 1, p[2]].entries()) expect(d[i]).toBeCloseTo(0.25 * value, 6)
    expect([...d.slice(3)].map(Math.abs)).toEqual([0, 0, 0])
  })
})

describe('flip-crop augmentation', () => {
  // two channels of 8 × 8, every pixel its own number from 1; padding 1
  const image = Float64Array.from({ length: 128 }, (_, i) => i + 1)

  it('shifts by at most the padding, flips some images, keeps channels together and fills with zeros', () => {
    const augment = flipCrop([2, 8, 8])
    const random = randomFrom('augment')
    const seen = new Set<string>()
    for (let trial = 0; trial < 100; trial++) {
      const batch = Float64Array.of(...image, ...image)
      augment(batch, 1, random)
      expect(batch.slice(128)).toEqual(image) // only the first sample counts
      const at = (c: number, y: number, x: number) => batch[(c * 8 + y) * 8 + x]
      const flip = at(0, 4, 4) < at(0, 4, 3)
      const centre = at(0, 4, 4) - 1
      const [down, right] = [Math.floor(centre / 8) - 4, (flip ? 7 - (centre % 8) : centre % 8) - 4]
      seen.add(`${flip} ${down} ${right}`)
      const expected = new Float64Array(128)
      for (let c = 0; c < 2; c++)
        for (let y = 0; y < 8; y++)
          for (let x = 0; x < 8; x++) {
            const [sy, sx] = [y + down, x + right]
            const inside = sy >= 0 && sy < 8 && sx >= 0 && sx < 8
            expected[(c * 8 + y) * 8 + x] = inside ? image[(c * 8 + sy) * 8 + (flip ? 7 - sx : sx)] : 0
          }
      expect(batch.slice(0, 128)).toEqual(expected)
    }
    expect(seen.size).toBe(2 * 3 * 3)
  })

  it('needs images', () => {
    expect(() => flipCrop([12])).toThrow('flip-crop augmentation needs images')
  })
})
