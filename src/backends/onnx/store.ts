import { QuerentError } from '@engine/core/errors'
import type { FloatArray } from '@engine/core/matrix'
import { sizeOf } from '@engine/graph/ir'
import type { Parameters, ParameterSpec } from '@engine/nn/executor'
import { instantiateKernels, reserve, type Kernels } from '../kernels/load'

/**
 * Parameters of one model in one WebAssembly memory, with room for gradients and optimiser state beside them: blocks of equal
 * length, in each of which every tensor has the same place. Block 0 holds the parameters.
 */
export interface ParameterStore extends Parameters {
  readonly kernels: Kernels
  /** floats per block that an optimiser updates, padding included; buffers lie behind them */
  readonly trained: number
  /** where each of the `specs` starts in a block, in floats */
  readonly offsets: readonly number[]
  /** Takes a block for gradients or state and fills it with zeros. */
  acquire(): Block
  release(block: Block): void
  /** The tensors of a block. Views die when the memory grows: ask again when `epoch` has changed. */
  views(block: Block): Float32Array[]
  /** Takes over the buffers' values from another block. */
  adoptBuffers(block: Block): void
  /** How often the memory has grown. */
  readonly epoch: number
}

export interface Block {
  readonly index: number
  /** byte address for kernels */
  readonly address: number
}

export const weightsBlock: Block = { index: 0, address: 0 }

/** Every tensor starts on a cache line, which also makes the length a multiple of the SIMD width. */
const alignment = 16
const bytesPerFloat = Float32Array.BYTES_PER_ELEMENT
/** Parameters, gradients and Adam's two moments. Untouched pages cost nothing, growing costs every view. */
const usualBlocks = 4

export function createParameterStore(specs: readonly ParameterSpec[]): ParameterStore {
  const sizes = specs.map(({ shape }) => sizeOf(shape))
  const offsets: number[] = []
  let length = 0
  const place = (buffers: boolean): void =>
    specs.forEach(({ buffer = false }, i) => {
      if (buffer !== buffers) return
      offsets[i] = length
      length += Math.ceil(sizes[i] / alignment) * alignment
    })
  place(false)
  const trained = length
  place(true)

  const memory = new WebAssembly.Memory({ initial: 0 })
  reserve(memory, usualBlocks * length * bytesPerFloat)
  const used = [true]
  let epoch = 0

  const views = ({ address }: Block): Float32Array[] =>
    sizes.map((size, i) => new Float32Array(memory.buffer, address + offsets[i] * bytesPerFloat, size))

  return {
    specs,
    kernels: instantiateKernels(memory),
    trained,
    offsets,
    get epoch() {
      return epoch
    },
    acquire() {
      const free = used.indexOf(false)
      const index = free < 0 ? used.length : free
      const end = (index + 1) * length * bytesPerFloat
      if (end > memory.buffer.byteLength) {
        reserve(memory, end)
        epoch++
      }
      used[index] = true
      const block = { index, address: index * length * bytesPerFloat }
      new Float32Array(memory.buffer, block.address, length).fill(0)
      return block
    },
    release: ({ index }) => void (used[index] = false),
    views,
    adoptBuffers: ({ address }) =>
      new Float32Array(memory.buffer).copyWithin(trained, address / bytesPerFloat + trained, address / bytesPerFloat + length),
    write(values: readonly FloatArray[]) {
      for (const [i, view] of views(weightsBlock).entries()) {
        if (values[i]?.length !== view.length)
          throw new QuerentError('internal', `parameter ${specs[i].name} needs ${view.length} values, got ${values[i]?.length}`)
        view.set(values[i])
      }
    },
    read: () => Promise.resolve(views(weightsBlock).map((view) => view.slice())),
    dispose: () => undefined,
  }
}
