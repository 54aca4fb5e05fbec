import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { instantiateKernels } from '@backends/kernels/load'
import { createSelectionKernels } from '@backends/kernels/selection'
import { plainKernels, selectionSpace } from '@engine/core/distances'
import { kCenterGreedy } from '@engine/core/kCenter'
import { kMeansPlusPlus } from '@engine/core/kMeansPlusPlus'
import type { Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { generateKernels } from '../../../scripts/kernels.mjs'

const random = randomFrom('kernels')

function normal(rows: number, cols: number): Matrix<Float32Array> {
  return { data: Float32Array.from({ length: rows * cols }, () => random.normal()), rows, cols }
}

it('ships the kernels that the sources compile to', async () => {
  const committed = await readFile(resolve(import.meta.dirname, '../../../src/backends/kernels/generated.ts'), 'utf8')
  expect(await generateKernels()).toBe(committed)
})

describe('selection kernels', () => {
  const dots = (kernels: typeof plainKernels, m: Matrix, j: number, rows: Int32Array, count = rows.length) => {
    const out = new Float64Array(rows.length).fill(-1)
    kernels.open(m)(j, rows, count, out)
    return out
  }

  it.each([1, 2, 3, 4, 5, 7, 16, 33, 130])('equal the plain ones bit for bit on %i columns', (cols) => {
    const kernels = createSelectionKernels()
    const m = normal(40, cols)
    const rows = random.shuffle(Int32Array.from({ length: 40 }, (_, i) => i)).slice(0, 25)
    for (const j of [0, 17, 39]) expect(dots(kernels, m, j, rows)).toEqual(dots(plainKernels, m, j, rows))
    expect(dots(kernels, m, 3, rows, 5)).toEqual(dots(plainKernels, m, 3, rows, 5))
    expect(dots(kernels, m, 3, rows, 0)).toEqual(new Float64Array(25).fill(-1))
  })

  it('keep up with matrices that come in turns, grow and shrink', () => {
    const kernels = createSelectionKernels()
    const matrices = [normal(5, 8), normal(300, 70), normal(5, 8), normal(40, 600)]
    for (const m of [...matrices, ...matrices.toReversed()]) {
      const rows = Int32Array.from({ length: m.rows }, (_, i) => i)
      expect(dots(kernels, m, m.rows - 1, rows)).toEqual(dots(plainKernels, m, m.rows - 1, rows))
    }
  })

  it('tell a view from another view of the same buffer', () => {
    const kernels = createSelectionKernels()
    const { data } = normal(8, 16)
    const rows = Int32Array.of(0, 1)
    for (const part of [data.subarray(0, 64), data.subarray(64)]) {
      const m = { data: part, rows: 4, cols: 16 }
      expect(dots(kernels, m, 2, rows)).toEqual(dots(plainKernels, m, 2, rows))
    }
  })

  it('serve matrices that are open at the same time', () => {
    const kernels = createSelectionKernels()
    const matrices = [normal(5, 8), normal(30, 7)]
    const opened = matrices.map((m) => [m, kernels.open(m), plainKernels.open(m)] as const)
    for (const j of [0, 4, 2])
      for (const [m, products, plain] of opened) {
        const rows = Int32Array.from({ length: m.rows }, (_, i) => i)
        const [out, expected] = [new Float64Array(m.rows), new Float64Array(m.rows)]
        products(j, rows, m.rows, out)
        plain(j, rows, m.rows, expected)
        expect(out).toEqual(expected)
      }
  })

  it('see what is in a buffer that was opened before', () => {
    const kernels = createSelectionKernels()
    const m = normal(6, 5)
    const rows = Int32Array.of(0, 3, 5)
    const before = dots(kernels, m, 1, rows)
    m.data.forEach((value, i) => (m.data[i] = value + i))
    expect(dots(kernels, m, 1, rows)).toEqual(dots(plainKernels, m, 1, rows))
    expect(dots(kernels, m, 1, rows)).not.toEqual(before)
    const reshaped = { ...m, rows: 3, cols: 10 }
    expect(dots(kernels, reshaped, 1, Int32Array.of(0, 2))).toEqual(dots(plainKernels, reshaped, 1, Int32Array.of(0, 2)))
  })

  it.each([
    ['of normal numbers', 1, 70],
    ['of whole numbers', 0, 33],
    ['of columns that fill no register', 1, 5],
    ['of tiny numbers', 1e-20, 40],
    ['of numbers near the smallest', 1e-43, 40],
    ['of large numbers', 1e18, 48],
  ])('say how far off coarse products are at most: %s', (_, scale, cols) => {
    const m = normal(60, cols)
    m.data.forEach((value, i) => (m.data[i] = scale === 0 ? Math.round(3 * value) : value * scale))
    m.data.fill(0, 0, cols)
    m.data.fill(m.data[cols], cols, 2 * cols)
    const rows = random.shuffle(Int32Array.from({ length: 60 }, (_, i) => i)).slice(0, 57)
    const [out, slacks] = [new Float64Array(57), new Float64Array(57)]
    const { coarse } = createSelectionKernels().open(m, { few: true })
    for (const j of [0, 1, 30]) {
      coarse?.(j, rows, 57, out, slacks)
      const lengths = dots(plainKernels, m, j, Int32Array.of(j))[0]
      dots(plainKernels, m, j, rows).forEach((product, t) => {
        expect(Math.abs(out[t] - product)).toBeLessThanOrEqual(slacks[t])
        const own = dots(plainKernels, m, rows[t], Int32Array.of(rows[t]))[0]
        // half a step of 127 per number, of both rows
        if (scale > 1e-15) expect(slacks[t]).toBeLessThanOrEqual(0.04 * Math.sqrt(lengths * own * cols))
      })
    }
  })

  it('give coarse products of matrices that are open at the same time', () => {
    const kernels = createSelectionKernels()
    const matrices = [normal(300, 20), normal(8, 300)]
    const opened = matrices.map((m) => [m, kernels.open(m, { few: true })] as const)
    for (const j of [0, 4, 7])
      for (const [m, products] of opened) {
        const rows = Int32Array.from({ length: m.rows }, (_, i) => i)
        const [out, slacks] = [new Float64Array(m.rows), new Float64Array(m.rows)]
        products(j, rows, m.rows, out)
        const exact = out.slice()
        plainKernels.open(m)(j, rows, m.rows, out)
        expect(exact).toEqual(out)
        products.coarse?.(j, rows, m.rows, out, slacks)
        exact.forEach((product, t) => expect(Math.abs(out[t] - product)).toBeLessThanOrEqual(slacks[t]))
        expect(Math.max(...slacks)).toBeLessThan(0.1 * Math.max(...exact))
      }
  })

  it('choose what the plain ones choose', () => {
    const m = normal(800, 24)
    const left = normal(800, 6)
    for (const options of [{}, { left }]) {
      const picks = [createSelectionKernels(), plainKernels].map((kernels) => {
        const space = selectionSpace(m, { ...options, kernels })
        return [...kMeansPlusPlus(space, 60, 'max-norm', randomFrom(1)), ...kCenterGreedy(space, [0], 60).picks]
      })
      expect(picks[0]).toEqual(picks[1])
    }
  })

  it('take float64 matrices as they are', () => {
    const m: Matrix = { data: Float64Array.of(1, 1 + 2 ** -40, 3, 4), rows: 2, cols: 2 }
    expect(dots(createSelectionKernels(), m, 0, Int32Array.of(0, 1))).toEqual(
      Float64Array.of(1 + (1 + 2 ** -40) ** 2, 3 + 4 * (1 + 2 ** -40)),
    )
  })
})

describe('optimiser kernels', () => {
  /** Arrays of `length` floats one after the other, as the kernels want them. */
  function arrays(count: number, length: number) {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const views = Array.from({ length: count }, (_, i) => new Float32Array(memory.buffer, i * length * 4, length))
    return { kernels: instantiateKernels(memory), views, addresses: views.map((view) => view.byteOffset) }
  }
  const close = (found: Float32Array, expected: readonly number[]) =>
    expected.forEach((value, i) => expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value)))

  it('take a step of SGD with momentum, Nesterov and decay', () => {
    const { kernels, views, addresses } = arrays(3, 8)
    const [p, buffer, g] = views
    p.fill(2)
    g.fill(0.5)
    kernels.sgd(addresses[0], addresses[1], addresses[2], 8, 0.1, 0.9, true, 0.01)
    // d = 0.5 + 0.01·2 = 0.52, b = 0.52, p = 2 − 0.1·(0.52 + 0.9·0.52)
    close(buffer, Array(8).fill(0.52))
    close(p, Array(8).fill(2 - 0.1 * 1.9 * 0.52))
    kernels.sgd(addresses[0], addresses[1], addresses[2], 8, 0.1, 0.9, false, 0)
    // b = 0.9·0.52 + 0.5 = 0.968
    close(buffer, Array(8).fill(0.968))
    close(p, Array(8).fill(2 - 0.0988 - 0.0968))
  })

  it('take a step of Adam on the whole array and nothing behind it', () => {
    const { kernels, views, addresses } = arrays(5, 8)
    const [p, m, v, g, behind] = views
    p.fill(1)
    g.fill(3)
    behind.fill(7)
    kernels.adam(addresses[0], addresses[1], addresses[2], addresses[3], 8, 0.9, 0.999, 0.01, 1, 0.5, 0.75)
    // d = 3 + 0.5·1 = 3.5, m = 3.5, v = 12.25, p = 0.75·1 − 0.01·3.5 / (3.5 + 1)
    close(m, Array(8).fill(3.5))
    close(v, Array(8).fill(12.25))
    close(p, Array(8).fill(0.75 - 0.035 / 4.5))
    expect(behind).toEqual(new Float32Array(8).fill(7))
  })

  it('make zeros of what would become denormal', () => {
    const { kernels, views, addresses } = arrays(4, 4)
    const [p, m, v, g] = views
    p.fill(1)
    m.fill(1e-30)
    v.fill(1e-30)
    g.fill(-9e-19)
    kernels.adam(addresses[0], addresses[1], addresses[2], addresses[3], 4, 0.9, 0.999, 1, 1, 0, 1)
    expect([...m, ...v]).toEqual(Array(8).fill(0))
    expect([...p]).toEqual([1, 1, 1, 1])
  })
})
