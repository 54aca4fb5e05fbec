import { badInput, QuerentError } from '../core/errors'
import { sameShape } from '../graph/shapes'
import type { ModelSpec } from '../study/spec'
import type { Trunk } from './backbone'
import type { LayerSpec } from './model'

/**
 * The layers of a study's model for samples of `inputShape` ([d], [channels, length] or [channels, height, width]). Dropout comes
 * before every dense layer but one that reads the inputs; hidden activations, or the ends of a stage or block, are taps. Refuses a
 * network that does not fit the samples. A model that is fine-tuned has the layers of its `backbone` and a head.
 */
export function layersOf(spec: ModelSpec, inputShape: readonly number[], classes: number, backbone?: Trunk): LayerSpec[] {
  const flatten: LayerSpec[] = inputShape.length > 1 ? [{ type: 'flatten' }] : []
  const last: LayerSpec = { type: 'dense', units: classes }
  switch (spec.type) {
    case 'linear':
      return [...flatten, last]
    case 'mlp':
      return [...flatten, ...hiddenLayers(spec), last]
    case 'cnn':
      checkPoolings(spec.filters, imageShape(spec.type, inputShape))
      return [...spec.filters.flatMap(pooledConvolution), ...flatten, ...dropoutLayer(spec.dropout), ...hiddenLayers(spec), last]
    case 'resnet':
      imageShape(spec.type, inputShape)
      return [...residualStages(spec), { type: 'globalavgpool' }, ...dropoutLayer(spec.dropout), last]
    case 'cnn1d':
      checkSeries(spec.kernel, inputShape)
      return [
        ...(inputShape.length === 1 ? [{ type: 'unflatten' } as const] : []),
        ...spec.filters.flatMap((filters): LayerSpec[] => [
          { type: 'conv1d', filters, kernel: spec.kernel, padding: (spec.kernel - 1) / 2, bias: false },
          { type: 'batchnorm' },
          { type: 'relu', tap: true },
        ]),
        { type: 'globalavgpool' },
        ...dropoutLayer(spec.dropout),
        last,
      ]
    case 'vit':
      checkPatches(spec, imageShape(spec.type, inputShape))
      return [
        { type: 'conv2d', filters: spec.width, kernel: spec.patch, stride: spec.patch },
        { type: 'tokens' },
        { type: 'position' },
        ...Array.from({ length: spec.depth }, () => transformerBlock(spec)).flat(),
        { type: 'layernorm' },
        { type: 'tokenmean' },
        ...dropoutLayer(spec.dropout),
        last,
      ]
    case 'finetune':
      if (backbone === undefined) throw new QuerentError('internal', 'a model is to be fine-tuned, and its backbone is not there')
      checkInputs(backbone, inputShape)
      return [...backbone.layers, ...dropoutLayer(spec.dropout), last]
  }
}

/** Layers without the last dense one, or the dropout before it. */
export function withoutHead(layers: readonly LayerSpec[]): LayerSpec[] {
  const body = layers.slice(0, -1)
  while (body.at(-1)?.type === 'dropout') body.pop()
  return body
}

const hiddenLayers = ({ hidden, dropout }: { readonly hidden: readonly number[]; readonly dropout: number }): LayerSpec[] =>
  hidden.flatMap((units): LayerSpec[] => [{ type: 'dense', units }, { type: 'relu', tap: true }, ...dropoutLayer(dropout)])

const dropoutLayer = (rate: number): LayerSpec[] => (rate > 0 ? [{ type: 'dropout', rate }] : [])

/** Pooling before ReLU gives the same numbers as after it, from a quarter of the elements. */
const pooledConvolution = (filters: number): LayerSpec[] => [
  { type: 'conv2d', filters, kernel: 3, padding: 1 },
  { type: 'maxpool2d', size: 2 },
  { type: 'relu', tap: true },
]

/** Biases before a normalisation have no effect, so there are none. */
const normalizedConvolution = (filters: number, kernel: number, stride: number): LayerSpec[] => [
  { type: 'conv2d', filters, kernel, stride, padding: (kernel - 1) / 2, bias: false },
  { type: 'batchnorm' },
]

/** The form for small images of He et al. 2016: a 3 × 3 stem and stages of basic blocks, with projections where the shape changes. */
function residualStages({ widths, blocks }: Extract<ModelSpec, { type: 'resnet' }>): LayerSpec[] {
  const stages = widths.flatMap((width, stage) =>
    Array.from({ length: blocks }, (_, i): LayerSpec[] => {
      const stride = stage > 0 && i === 0 ? 2 : 1
      return [
        {
          type: 'residual',
          layers: [...normalizedConvolution(width, 3, stride), { type: 'relu' }, ...normalizedConvolution(width, 3, 1)],
          ...(stride > 1 && { shortcut: normalizedConvolution(width, 1, stride) }),
        },
        { type: 'relu', tap: i === blocks - 1 },
      ]
    }).flat(),
  )
  return [...normalizedConvolution(widths[0], 3, 1), { type: 'relu' }, ...stages]
}

/** Normalisation first (Xiong et al. 2020), a hidden width of twice the token's. */
const transformerBlock = ({ width, heads }: Extract<ModelSpec, { type: 'vit' }>): LayerSpec[] => [
  { type: 'residual', layers: [{ type: 'layernorm' }, { type: 'attention', heads }] },
  {
    type: 'residual',
    layers: [{ type: 'layernorm' }, { type: 'dense', units: 2 * width }, { type: 'gelu' }, { type: 'dense', units: width }],
    tap: 'tokens',
  },
]

function imageShape(type: string, inputShape: readonly number[]): readonly number[] {
  if (inputShape.length !== 3)
    throw badInput(`model type ${type} needs images, and this data set holds ${inputShape.length === 1 ? 'vectors' : 'series'}`, {
      path: 'model.type',
      found: `samples of shape ${inputShape.join(' × ')}`,
      expected: inputShape.length === 1 ? 'linear or mlp for vectors' : 'linear, mlp or cnn1d for series',
    })
  return inputShape
}

/** Refuses samples of another shape than a backbone reads. */
export function checkInputs({ name, inputShape }: Trunk, given: readonly number[]): void {
  if (sameShape(inputShape, given)) return
  const [expected, found] = [inputShape, given].map((shape) => `samples of shape ${shape.join(' × ')}`)
  throw badInput(`the backbone ${name} reads ${expected}, and this data set holds ${found}`, { path: 'model.backbone', found, expected })
}

function checkPoolings(filters: readonly number[], [, height, width]: readonly number[]): void {
  const most = Math.floor(Math.log2(Math.min(height, width)))
  if (filters.length > most)
    throw badInput(`${filters.length} poolings leave nothing of images of ${height} × ${width} pixels`, {
      path: 'model.filters',
      found: `${filters.length} filter counts`,
      expected: `at most ${most}`,
    })
}

/** A vector is a series of one channel. */
function checkSeries(kernel: number, inputShape: readonly number[]): void {
  if (inputShape.length > 2)
    throw badInput('model type cnn1d needs series, and this data set holds images', {
      path: 'model.type',
      found: `samples of shape ${inputShape.join(' × ')}`,
      expected: 'linear, mlp, cnn, resnet or vit for images',
    })
  if (kernel % 2 === 0)
    throw badInput(`a kernel of ${kernel} steps has no middle`, { path: 'model.kernel', found: String(kernel), expected: 'an odd number' })
}

function checkPatches({ patch, width, heads }: Extract<ModelSpec, { type: 'vit' }>, [, rows, cols]: readonly number[]): void {
  if (rows % patch > 0 || cols % patch > 0) {
    const sizes = Array.from({ length: Math.min(rows, cols) }, (_, i) => i + 1).filter((size) => rows % size === 0 && cols % size === 0)
    throw badInput(`patches of ${patch} × ${patch} do not tile images of ${rows} × ${cols} pixels`, {
      path: 'model.patch',
      found: String(patch),
      expected: `one of ${sizes.join(', ')}`,
    })
  }
  if (width % heads > 0)
    throw badInput(`${heads} heads cannot share a width of ${width}`, {
      path: 'model.heads',
      found: String(heads),
      expected: `a divisor of ${width}`,
    })
}
