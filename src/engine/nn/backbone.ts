import type { Scaling } from '../data/dataset'
import type { Shape } from '../graph/ir'
import type { LayerSpec } from './model'

/** The layers of a network before its last. */
export interface Trunk {
  readonly name: string
  readonly layers: readonly LayerSpec[]
  readonly inputShape: Shape
}

/** What a network was before its last layer, with the weights it was pre-trained to. */
export interface Backbone extends Trunk {
  /** SHA-256 (hex) of its layers, shapes, scaling and weights */
  readonly id: string
  /** numbers per sample that the last of its layers makes */
  readonly width: number
  /** how its inputs were scaled */
  readonly scaling: Scaling
  /** parameters and buffers in the order of the layers, float32 */
  readonly weights: readonly NamedTensor[]
}

export interface NamedTensor {
  readonly name: string
  readonly shape: Shape
  readonly data: Float32Array
}
