import { utf8ToBytes } from '@noble/hashes/utils.js'
import { badInput } from '../core/errors'
import { canonicalJson } from '../core/hash'
import type { Scaling } from '../data/dataset'
import { pureHasher, type Hasher } from '../data/hash'
import type { Shape } from '../graph/ir'
import { sameShape } from '../graph/shapes'
import type { ParameterSpec } from './executor'
import type { LayerSpec } from './model'
import { planNetwork } from './network'

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

/** A backbone of named tensors; refuses those that do not fit its layers. `hasher` makes its id. */
export function createBackbone(
  { name, layers, inputShape, scaling, weights }: Omit<Backbone, 'id' | 'width'>,
  hasher: Hasher = pureHasher(),
): Backbone {
  const { state, width } = planTrunk(layers, inputShape)
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor]))
  const stray = weights.find((tensor) => !state.some((spec) => spec.name === tensor.name))
  if (stray !== undefined) throw badInput(`tensor ${stray.name} belongs to no layer of the backbone ${name}`, { path: stray.name })
  const ordered = state.map((spec) => {
    const tensor = byName.get(spec.name)
    const expected = spec.shape.join(' × ')
    if (tensor === undefined) throw badInput(`the backbone ${name} has no tensor ${spec.name}`, { path: spec.name, expected })
    if (!sameShape(tensor.shape, spec.shape))
      throw badInput(`tensor ${spec.name} of the backbone ${name} has the wrong shape`, {
        path: spec.name,
        found: tensor.shape.join(' × '),
        expected,
      })
    const bad = tensor.data.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0)
      throw badInput(`tensor ${spec.name} of the backbone ${name} holds a value that is no finite number`, {
        path: spec.name,
        found: `${tensor.data[bad]} at ${bad}`,
      })
    return tensor
  })
  hasher.update(utf8ToBytes(`${canonicalJson({ layers, inputShape, scaling: plainScaling(scaling) })}\n`))
  for (const { data } of ordered) hasher.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return { id: hasher.hex(), name, layers, inputShape, width, scaling, weights: ordered }
}

/** Parameters and buffers of layers without a head, and how many numbers per sample they make. */
export function planTrunk(
  layers: readonly LayerSpec[],
  inputShape: Shape,
): { readonly state: readonly ParameterSpec[]; readonly width: number } {
  const { state, embeddingSize } = planNetwork([...layers, { type: 'dense', units: 1, bias: false }], inputShape, 1)
  return { state: state.slice(0, -1), width: embeddingSize }
}

/** Scaling as lists of numbers. */
export interface PlainScaling {
  readonly shift: readonly number[]
  readonly scale: readonly number[]
  readonly fill?: readonly number[]
}

export const plainScaling = ({ shift, scale, fill }: Scaling): PlainScaling => ({
  shift: [...shift],
  scale: [...scale],
  ...(fill === undefined ? {} : { fill: [...fill] }),
})

export const scalingOf = ({ shift, scale, fill }: PlainScaling): Scaling => ({
  shift: Float64Array.from(shift),
  scale: Float64Array.from(scale),
  ...(fill === undefined ? {} : { fill: Float64Array.from(fill) }),
})
