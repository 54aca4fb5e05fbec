import { plainKernels, type CoarseProducts, type RowProducts, type SelectionKernels } from '@engine/core/distances'
import type { Matrix } from '@engine/core/matrix'
import { instantiateKernels, reserve } from './load'

/**
 * Selection kernels in SIMD: the products are those of the plain ones bit for bit. A float32 matrix is copied each time it is opened (at
 * the first product), and again when another one took its place; float64 matrices take the plain path.
 */
export function createSelectionKernels(): SelectionKernels {
  const memory = new WebAssembly.Memory({ initial: 0 })
  const kernels = instantiateKernels(memory)
  let opened = 0
  let held = 0
  let quantized = 0

  return {
    open: (matrix) => {
      const { data, cols } = matrix
      if (!(data instanceof Float32Array)) return plainKernels.open(matrix)
      const place = layout(matrix)
      const own = ++opened
      const begin = (rows: Int32Array, count: number, end: number): void => {
        reserve(memory, end)
        if (held !== own) {
          new Float32Array(memory.buffer, place.matrix, data.length).set(data)
          ;[held, quantized] = [own, 0]
        }
        new Int32Array(memory.buffer, place.rows, count).set(rows.subarray(0, count))
      }
      const products: RowProducts = (j, rows, count, out) => {
        begin(rows, count, place.end)
        kernels.widen(place.matrix + j * cols * Float32Array.BYTES_PER_ELEMENT, cols, place.wide)
        kernels.dots(place.matrix, cols, place.wide, place.rows, count, place.out)
        out.set(new Float64Array(memory.buffer, place.out, count))
      }
      const { stride, codes, facts, slack } = place
      const coarse: CoarseProducts = (j, rows, count, out, slacks) => {
        begin(rows, count, place.coarseEnd)
        if (quantized !== own) kernels.quantize(place.matrix, cols, matrix.rows, codes, stride, facts)
        quantized = own
        kernels.coarseDots(codes, stride, facts, j, place.rows, count, place.out, slack)
        out.set(new Float64Array(memory.buffer, place.out, count))
        slacks.set(new Float64Array(memory.buffer, slack, count))
      }
      return cols <= mostCoarseColumns ? Object.assign(products, { coarse }) : products
    },
  }
}

/** Products of int8 rows are summed in int32. */
const mostCoarseColumns = 2 ** 17

/** Byte addresses: results, the wide row and the matrix, the row numbers, then what coarse products need; every part on a multiple of 16. */
function layout({ rows, cols }: Matrix) {
  const align = (bytes: number): number => Math.ceil(bytes / 16) * 16
  const stride = align(cols)
  const out = 0
  const wide = out + align(rows * Float64Array.BYTES_PER_ELEMENT)
  const matrix = wide + align(cols * Float64Array.BYTES_PER_ELEMENT)
  const list = matrix + align(rows * cols * Float32Array.BYTES_PER_ELEMENT)
  const codes = list + align(rows * Int32Array.BYTES_PER_ELEMENT)
  const facts = codes + rows * stride
  const slack = facts + align(rows * 3 * Float64Array.BYTES_PER_ELEMENT)
  const coarseEnd = slack + align(rows * Float64Array.BYTES_PER_ELEMENT)
  return { out, wide, matrix, rows: list, end: codes, stride, codes, facts, slack, coarseEnd }
}
