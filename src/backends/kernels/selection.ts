import { plainKernels, type RowProducts, type SelectionKernels } from '@engine/core/distances'
import type { Matrix } from '@engine/core/matrix'
import { instantiateKernels, reserve } from './load'

/**
 * Selection kernels in SIMD: bit for bit the results of the plain ones. A float32 matrix is copied each time it is opened (at the
 * first product), and again when another one took its place; float64 matrices take the plain path.
 */
export function createSelectionKernels(): SelectionKernels {
  const memory = new WebAssembly.Memory({ initial: 0 })
  const kernels = instantiateKernels(memory)
  let opened = 0
  let held = 0

  const openWith =
    (products: (place: ReturnType<typeof layout>, cols: number, j: number, count: number) => void) =>
    (matrix: Matrix): RowProducts => {
      const { data, cols } = matrix
      if (!(data instanceof Float32Array)) return plainKernels.open(matrix)
      const place = layout(matrix)
      const own = ++opened
      return (j, rows, count, out) => {
        if (held !== own) {
          reserve(memory, place.end)
          new Float32Array(memory.buffer, place.matrix, data.length).set(data)
          held = own
        }
        new Int32Array(memory.buffer, place.rows, count).set(rows.subarray(0, count))
        products(place, cols, j, count)
        out.set(new Float64Array(memory.buffer, place.out, count))
      }
    }
  return {
    open: openWith((place, cols, j, count) => {
      kernels.widen(place.matrix + j * cols * Float32Array.BYTES_PER_ELEMENT, cols, place.wide)
      kernels.dots(place.matrix, cols, place.wide, place.rows, count, place.out)
    }),
    openCoarse: openWith((place, cols, j, count) => kernels.coarseDots(place.matrix, cols, j, place.rows, count, place.out)),
  }
}

/** Byte addresses: results, the wide row and the matrix, then the row numbers; every part on a multiple of 16. */
function layout({ rows, cols }: Matrix) {
  const align = (bytes: number): number => Math.ceil(bytes / 16) * 16
  const out = 0
  const wide = out + align(rows * Float64Array.BYTES_PER_ELEMENT)
  const matrix = wide + align(cols * Float64Array.BYTES_PER_ELEMENT)
  const list = matrix + align(rows * cols * Float32Array.BYTES_PER_ELEMENT)
  return { out, wide, matrix, rows: list, end: list + align(rows * Int32Array.BYTES_PER_ELEMENT) }
}
