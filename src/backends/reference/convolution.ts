import type { FloatArray } from '@engine/core/matrix'
import type { Convolution, Pooling, Shape, Window } from '@engine/graph/ir'
import { sizeOf } from '@engine/graph/ir'
import { positions } from '@engine/graph/shapes'
import { planMultiply } from './matmul'

/** Moves numbers between one sample's columns and its image. */
type Move = (columns: FloatArray, columnsOffset: number, image: FloatArray, imageOffset: number) => void

/** One sample's columns (ci·kh·kw × oh·ow) from its image; outside the image they are 0. */
function planUnfold(inputShape: Shape, window: Window): Move {
  const pixel = pixelPositions(inputShape, window)
  return (columns, columnsOffset, image, imageOffset) => {
    for (let i = 0; i < pixel.length; i++) columns[columnsOffset + i] = pixel[i] < 0 ? 0 : image[imageOffset + pixel[i]]
  }
}

/** Adds one sample's columns back to its image. */
function planFold(inputShape: Shape, window: Window): Move {
  const pixel = pixelPositions(inputShape, window)
  return (columns, columnsOffset, image, imageOffset) => {
    for (let i = 0; i < pixel.length; i++) if (pixel[i] >= 0) image[imageOffset + pixel[i]] += columns[columnsOffset + i]
  }
}

/** For each element of a sample's columns, where in the sample's image it comes from; −1 in the padding. */
function pixelPositions([, channels, height, width]: Shape, { kernel, stride, padding }: Window): Int32Array {
  const outHeight = positions(height, kernel[0], stride[0], padding[0])
  const outWidth = positions(width, kernel[1], stride[1], padding[1])
  const pixel = new Int32Array(channels * kernel[0] * kernel[1] * outHeight * outWidth)
  let i = 0
  for (let c = 0; c < channels; c++)
    for (let ky = 0; ky < kernel[0]; ky++)
      for (let kx = 0; kx < kernel[1]; kx++)
        for (let oy = 0; oy < outHeight; oy++)
          for (let ox = 0; ox < outWidth; ox++) {
            const y = oy * stride[0] + ky - padding[0]
            const x = ox * stride[1] + kx - padding[1]
            pixel[i++] = y < 0 || y >= height || x < 0 || x >= width ? -1 : (c * height + y) * width + x
          }
  return pixel
}

export function planUnfoldBatch(inputShape: Shape, window: Window, x: FloatArray, out: FloatArray): () => void {
  const [n] = inputShape
  const unfold = planUnfold(inputShape, window)
  return () => {
    for (let s = 0; s < n; s++) unfold(out, (s * out.length) / n, x, (s * x.length) / n)
  }
}

export function planFoldBatch(inputShape: Shape, window: Window, columns: FloatArray, out: FloatArray): () => void {
  const [n] = inputShape
  const fold = planFold(inputShape, window)
  return () => {
    out.fill(0)
    for (let s = 0; s < n; s++) fold(columns, (s * columns.length) / n, out, (s * out.length) / n)
  }
}

/** The three convolution products, one sample at a time through its columns. Output errors are co × oh·ow per sample. */
interface Plan {
  readonly inputShape: Shape
  readonly kernelShape: Shape
  readonly convolution: Convolution
}

function layout({ inputShape, kernelShape, convolution }: Plan) {
  const [n, ci, height, width] = inputShape
  const [co, , kh, kw] = kernelShape
  const window: Window = { ...convolution, kernel: [kh, kw] }
  const places = positions(height, kh, window.stride[0], window.padding[0]) * positions(width, kw, window.stride[1], window.padding[1])
  const rows = ci * kh * kw
  return { n, co, rows, places, window, image: sizeOf([ci, height, width]), columns: new Float64Array(rows * places) }
}

export function planConv2d(plan: Plan, x: FloatArray, kernel: FloatArray, out: FloatArray): () => void {
  const { n, co, rows, places, window, image, columns } = layout(plan)
  const unfold = planUnfold(plan.inputShape, window)
  const multiply = planMultiply({ rows: co, cols: places, inner: rows, transA: false, transB: false })
  return () => {
    for (let s = 0; s < n; s++) {
      unfold(columns, 0, x, s * image)
      multiply(kernel, 0, columns, 0, out, s * co * places)
    }
  }
}

export function planConv2dInputGrad(plan: Plan, error: FloatArray, kernel: FloatArray, out: FloatArray): () => void {
  const { n, co, rows, places, window, image, columns } = layout(plan)
  const fold = planFold(plan.inputShape, window)
  const multiply = planMultiply({ rows, cols: places, inner: co, transA: true, transB: false })
  return () => {
    out.fill(0)
    for (let s = 0; s < n; s++) {
      multiply(kernel, 0, error, s * co * places, columns, 0)
      fold(columns, 0, out, s * image)
    }
  }
}

export function planConv2dWeightGrad(plan: Plan, x: FloatArray, error: FloatArray, out: FloatArray): () => void {
  const { n, co, rows, places, window, image, columns } = layout(plan)
  const unfold = planUnfold(plan.inputShape, window)
  const sum = new Float64Array(out.length)
  const multiply = planMultiply({ rows: co, cols: rows, inner: places, transA: false, transB: true }, true)
  return () => {
    sum.fill(0)
    for (let s = 0; s < n; s++) {
      unfold(columns, 0, x, s * image)
      multiply(error, s * co * places, columns, 0, sum, 0)
    }
    out.set(sum)
  }
}

/** Calls `visit` with each window's number and the position of its first maximum in row-major order. */
function visitMaxima(shape: Shape, { size, stride }: Pooling, x: FloatArray, visit: (window: number, position: number) => void): void {
  const [n, channels, height, width] = shape
  const outHeight = positions(height, size[0], stride[0], 0)
  const outWidth = positions(width, size[1], stride[1], 0)
  let window = 0
  for (let plane = 0; plane < n * channels; plane++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++) {
        let best = (plane * height + oy * stride[0]) * width + ox * stride[1]
        for (let ky = 0; ky < size[0]; ky++)
          for (let kx = 0; kx < size[1]; kx++) {
            const at = (plane * height + oy * stride[0] + ky) * width + ox * stride[1] + kx
            if (x[at] > x[best]) best = at
          }
        visit(window++, best)
      }
}

export function planMaxPool2d(shape: Shape, pooling: Pooling, x: FloatArray, out: FloatArray): () => void {
  const take = (window: number, position: number): void => {
    out[window] = x[position]
  }
  return () => visitMaxima(shape, pooling, x, take)
}

export function planMaxPool2dGrad(shape: Shape, pooling: Pooling, x: FloatArray, error: FloatArray, out: FloatArray): () => void {
  const put = (window: number, position: number): void => {
    out[position] = error[window]
  }
  return () => {
    out.fill(0)
    visitMaxima(shape, pooling, x, put)
  }
}
