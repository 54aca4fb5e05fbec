import { planMultiply } from '@backends/reference/matmul'
import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import { describe, expect, it } from 'vitest'
import { evaluate, normals, relativeError, traced } from '../../support/graphs'

const random = randomFrom('kernels')

describe('matrix product', () => {
  it.each([
    [1, 1, 1],
    [2, 4, 3],
    [3, 5, 7],
    [7, 3, 5],
    [5, 9, 1],
    [1, 6, 4],
    [8, 8, 8],
  ])('of %i × %i over %i matches the definition in every transposition', (rows, cols, inner) => {
    for (const transA of [false, true])
      for (const transB of [false, true]) {
        const a = normals(random, [rows, inner])
        const b = normals(random, [inner, cols])
        const expected = new Float64Array(rows * cols)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < cols; j++)
            for (let k = 0; k < inner; k++)
              expected[i * cols + j] += a[transA ? k * rows + i : i * inner + k] * b[transB ? j * inner + k : k * cols + j]
        const out = new Float64Array(rows * cols).fill(7)
        const product = { rows, cols, inner, transA, transB }
        planMultiply(product)(a, 0, b, 0, out, 0)
        expect(relativeError(out, expected)).toBeLessThan(1e-14)
        planMultiply(product, true)(a, 0, b, 0, out, 0)
        expect(
          relativeError(
            out,
            expected.map((x) => 2 * x),
          ),
        ).toBeLessThan(1e-14)
      }
  })
})

/** Straight from the definition, over every index. */
function convolve(
  x: Float64Array,
  k: Float64Array,
  xShape: readonly number[],
  kShape: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
) {
  const [n, ci, h, w] = xShape
  const [co, , kh, kw] = kShape
  const oh = Math.floor((h + 2 * padding[0] - kh) / stride[0]) + 1
  const ow = Math.floor((w + 2 * padding[1] - kw) / stride[1]) + 1
  const out = new Float64Array(n * co * oh * ow)
  let at = 0
  for (let s = 0; s < n; s++)
    for (let o = 0; o < co; o++)
      for (let oy = 0; oy < oh; oy++)
        for (let ox = 0; ox < ow; ox++, at++)
          for (let c = 0; c < ci; c++)
            for (let ky = 0; ky < kh; ky++)
              for (let kx = 0; kx < kw; kx++) {
                const y = oy * stride[0] - padding[0] + ky
                const xx = ox * stride[1] - padding[1] + kx
                if (y >= 0 && y < h && xx >= 0 && xx < w)
                  out[at] += x[((s * ci + c) * h + y) * w + xx] * k[((o * ci + c) * kh + ky) * kw + kx]
              }
  return out
}

describe('convolution', () => {
  it.each([
    { x: [2, 3, 6, 5], k: [4, 3, 3, 3], stride: [1, 1], padding: [1, 1] },
    { x: [1, 2, 7, 8], k: [3, 2, 2, 3], stride: [2, 1], padding: [0, 2] },
    { x: [3, 1, 4, 4], k: [1, 1, 4, 4], stride: [1, 1], padding: [0, 0] },
    { x: [2, 2, 5, 5], k: [5, 2, 1, 1], stride: [2, 2], padding: [0, 0] },
  ] as const)('matches the definition ($x by $k, stride $stride, padding $padding)', async ({ x, k, stride, padding }) => {
    const data = { x: normals(random, x), k: normals(random, k) }
    const graph = traced((g) => ({ y: g.conv2d(g.input('x', x), g.input('k', k), { stride, padding }) }))
    const { y } = await evaluate(graph, data)
    expect(relativeError(y, convolve(data.x, data.k, x, k, stride, padding))).toBeLessThan(1e-13)
  })

  it('is the kernel times the unfolded input', async () => {
    const data = { x: normals(random, [2, 2, 5, 4]), k: normals(random, [3, 2, 3, 2]) }
    const attrs = { stride: [2, 1], padding: [1, 0] } as const
    const { direct, unfolded } = await evaluate(
      traced((g) => {
        const [x, k] = [g.input('x', [2, 2, 5, 4]), g.input('k', [3, 2, 3, 2])]
        const columns = g.unfold(x, { ...attrs, kernel: [3, 2] })
        const kernels = g.broadcastTo(g.reshape(k, [1, 3, 12]), [2, 3, 12])
        return { direct: g.conv2d(x, k, attrs), unfolded: g.batchMatmul(kernels, columns) }
      }),
      data,
    )
    expect(relativeError(unfolded, direct)).toBeLessThan(1e-13)
  })
})

describe('max pooling', () => {
  const attrs = { size: [2, 2], stride: [2, 2] } as const
  const x = Float64Array.of(1, 5, 2, 2, 9, 5, 5, 2, 2, 9, 0, 0, 0, 0, 9)

  it('drops remainder rows and columns', async () => {
    const { y } = await evaluate(
      traced((g) => ({ y: g.maxPool2d(g.input('x', [1, 1, 3, 5]), attrs) })),
      { x },
    )
    expect([...y]).toEqual([5, 2])
  })

  it('sends the error to the first maximum of a window', async () => {
    const graph = traced((g) => ({ dx: g.maxPool2dGrad(g.input('x', [1, 1, 3, 5]), g.input('d', [1, 1, 1, 2]), attrs) }))
    const { dx } = await evaluate(graph, { x, d: Float64Array.of(3, 4) })
    expect([...dx]).toEqual([0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('log-softmax', () => {
  it('survives logits whose exponentials overflow', async () => {
    const { y } = await evaluate(
      traced((g) => ({ y: g.logSoftmax(g.input('x', [1, 3])) })),
      { x: Float64Array.of(1000, 999, -2000) },
    )
    expect(y[0]).toBeCloseTo(-Math.log(1 + Math.exp(-1)), 12)
    expect(y[1]).toBeCloseTo(-1 - Math.log(1 + Math.exp(-1)), 12)
    expect(y[2]).toBeCloseTo(-3000.3132616875, 8)
  })
})

describe('a compiled graph', () => {
  it('gives the same numbers when it runs again, though its values share buffers', async () => {
    const executor = createReferenceExecutor()
    const graph = traced((g) => {
      let x = g.input('x', [4])
      for (let i = 0; i < 6; i++) x = g.add(g.tanh(x), g.reshape(g.square(x), [4]))
      return { y: x, z: g.exp(g.neg(g.square(g.input('x', [4])))) }
    })
    const program = await executor.compile(graph, executor.parameters([]))
    const x = Float64Array.of(0.1, -0.4, 0.7, 0.2)
    const runs = []
    for (let run = 0; run < 2; run++) {
      const outputs = { y: new Float64Array(4), z: new Float64Array(4) }
      await program.run({ x }, outputs)
      runs.push(outputs)
    }
    let y = [...x]
    for (let i = 0; i < 6; i++) y = y.map((value) => Math.tanh(value) + value * value)
    expect(relativeError(runs[0].y, y)).toBeLessThan(1e-15)
    expect(runs[1]).toEqual(runs[0])
  })

  it('reads the head of longer feeds, rounds to float32 where asked, and names a missing feed', async () => {
    const executor = createReferenceExecutor('float32')
    const graph = traced((g) => ({ y: g.mul(g.input('x', [2]), g.constant(0.1)) }))
    const { y } = await evaluate(graph, { x: Float32Array.of(1, 3, 5) }, executor)
    expect([...y]).toEqual([Math.fround(Math.fround(0.1)), Math.fround(3 * Math.fround(0.1))])
    await expect(evaluate(graph, {}, executor)).rejects.toThrow('input x needs 2 values, got none')
  })
})
