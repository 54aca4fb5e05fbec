import { badInput } from '../core/errors'
import type { ModelSpec } from '../study/spec'
import type { LayerSpec } from './model'

/**
 * The layers of a study's model for samples of `inputShape` ([d] or [channels, height, width]). Dropout comes before every dense layer
 * but one that reads the inputs; hidden activations are taps. Refuses a convolutional network on vectors and one whose poolings leave no pixel.
 */
export function layersOf(spec: ModelSpec, inputShape: readonly number[], classes: number): LayerSpec[] {
  const flatten: LayerSpec[] = inputShape.length > 1 ? [{ type: 'flatten' }] : []
  switch (spec.type) {
    case 'linear':
      return [...flatten, { type: 'dense', units: classes }]
    case 'mlp':
      return [...flatten, ...hiddenLayers(spec), { type: 'dense', units: classes }]
    case 'cnn':
      checkImages(spec.filters, inputShape)
      return [
        ...spec.filters.flatMap(convolutionBlock),
        ...flatten,
        ...dropoutLayer(spec.dropout),
        ...hiddenLayers(spec),
        { type: 'dense', units: classes },
      ]
  }
}

const hiddenLayers = ({ hidden, dropout }: { readonly hidden: readonly number[]; readonly dropout: number }): LayerSpec[] =>
  hidden.flatMap((units): LayerSpec[] => [{ type: 'dense', units }, { type: 'relu', tap: true }, ...dropoutLayer(dropout)])

const dropoutLayer = (rate: number): LayerSpec[] => (rate > 0 ? [{ type: 'dropout', rate }] : [])

/** Pooling before ReLU gives the same numbers as after it, from a quarter of the elements. */
const convolutionBlock = (filters: number): LayerSpec[] => [
  { type: 'conv2d', filters, kernel: 3, padding: 1 },
  { type: 'maxpool2d', size: 2 },
  { type: 'relu', tap: true },
]

function checkImages(filters: readonly number[], inputShape: readonly number[]): void {
  if (inputShape.length !== 3)
    throw badInput('model type cnn needs images, and this data set holds vectors', {
      path: 'model.type',
      found: `samples of shape ${inputShape.join(' × ')}`,
      expected: 'linear or mlp for vectors',
    })
  const side = Math.min(inputShape[1], inputShape[2])
  const most = Math.floor(Math.log2(side))
  if (filters.length > most)
    throw badInput(`${filters.length} poolings leave nothing of images of ${inputShape[1]} × ${inputShape[2]} pixels`, {
      path: 'model.filters',
      found: `${filters.length} filter counts`,
      expected: `at most ${most}`,
    })
}
