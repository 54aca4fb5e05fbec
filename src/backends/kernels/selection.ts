import { plainKernels, type CoarseProducts, type RowProducts, type SelectionKernels } from '@engine/core/distances'
import type { Matrix } from '@engine/core/matrix'
import { instantiateKernels, reserve } from './load'

/** Rows that are copied at a time: they stay in the second cache. */
const chunkRows = 128
/** Products of int8 rows are summed in int32. */
const mostCoarseColumns = 2 ** 17

/**
 * Selection kernels in SIMD: the products are those of the plain ones bit for bit. A float32 matrix is copied each time it is opened (at
 * the first product), and again when another one took its place; one that is opened for `few` products is never copied whole, but its
 * quantised rows are kept. Float64 matrices take the plain path.
 */
export function createSelectionKernels(): SelectionKernels {
  const memory = new WebAssembly.Memory({ initial: 0 })
  const kernels = instantiateKernels(memory)
  let opened = 0
  let held = 0
  let isQuantized = false

  return {
    open: (matrix, { few = false } = {}) => {
      const { data, cols } = matrix
      if (!(data instanceof Float32Array)) return plainKernels.open(matrix)
      const own = ++opened
      const place = layout(matrix, few)
      const bytes = cols * Float32Array.BYTES_PER_ELEMENT

      const listed = (rows: Int32Array, count: number): void =>
        new Int32Array(memory.buffer, place.list, count).set(rows.subarray(0, count))
      const hold = (): void => {
        reserve(memory, place.end)
        if (held === own) return
        if (!few) new Float32Array(memory.buffer, place.matrix, data.length).set(data)
        held = own
        isQuantized = false
      }
      /** Copies rows[from …] to the head of the matrix, runs of neighbours at once. */
      const gather = (rows: Int32Array, from: number, count: number): void => {
        const to = new Float32Array(memory.buffer, place.matrix, count * cols)
        for (let t = 0; t < count;) {
          const first = rows[from + t]
          let run = 1
          while (t + run < count && rows[from + t + run] === first + run) run++
          to.set(data.subarray(first * cols, (first + run) * cols), t * cols)
          t += run
        }
      }
      const products: RowProducts = (j, rows, count, out) => {
        hold()
        if (!few) {
          listed(rows, count)
          kernels.widen(place.matrix + j * bytes, cols, place.wide)
          kernels.dots(place.matrix, cols, place.wide, place.list, count, place.out)
          out.set(new Float64Array(memory.buffer, place.out, count))
          return
        }
        gather(Int32Array.of(j), 0, 1)
        kernels.widen(place.matrix, cols, place.wide)
        listed(headOfList, Math.min(count, chunkRows))
        for (let from = 0; from < count; from += chunkRows) {
          const some = Math.min(chunkRows, count - from)
          gather(rows, from, some)
          kernels.dots(place.matrix, cols, place.wide, place.list, some, place.out)
          out.set(new Float64Array(memory.buffer, place.out, some), from)
        }
      }
      if (!few || cols > mostCoarseColumns) return products

      const { stride, codes, facts, slack } = place
      const quantize = (): void => {
        const all = Int32Array.from({ length: matrix.rows }, (_, i) => i)
        for (let from = 0; from < matrix.rows; from += chunkRows) {
          const some = Math.min(chunkRows, matrix.rows - from)
          gather(all, from, some)
          kernels.quantize(place.matrix, cols, some, codes + from * stride, stride, facts + from * factBytes)
        }
        isQuantized = true
      }
      const coarse: CoarseProducts = (j, rows, count, out, slacks) => {
        hold()
        if (!isQuantized) quantize()
        listed(rows, count)
        kernels.coarseDots(codes, stride, facts, j, place.list, count, place.out, slack)
        out.set(new Float64Array(memory.buffer, place.out, count))
        slacks.set(new Float64Array(memory.buffer, slack, count))
      }
      return Object.assign(products, { coarse })
    },
  }
}

const headOfList = Int32Array.from({ length: chunkRows }, (_, i) => i)
const factBytes = 3 * Float64Array.BYTES_PER_ELEMENT

/** Byte addresses: results, the wide row, the row numbers, `held` rows of the matrix, then what coarse products need; on multiples of 16. */
function layout({ rows, cols }: Matrix, few: boolean) {
  const held = few ? Math.min(rows, chunkRows) : rows
  const align = (bytes: number): number => Math.ceil(bytes / 16) * 16
  const stride = align(cols)
  const out = 0
  const wide = out + align(rows * Float64Array.BYTES_PER_ELEMENT)
  const list = wide + align(cols * Float64Array.BYTES_PER_ELEMENT)
  const matrix = list + align(rows * Int32Array.BYTES_PER_ELEMENT)
  const codes = matrix + align(held * cols * Float32Array.BYTES_PER_ELEMENT)
  const facts = codes + rows * stride
  const slack = facts + align(rows * factBytes)
  const end = few ? slack + align(rows * Float64Array.BYTES_PER_ELEMENT) : codes
  return { out, wide, list, matrix, end, stride, codes, facts, slack }
}
