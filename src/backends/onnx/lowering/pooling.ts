import type { Pooling, Value } from '@engine/graph/ir'
import { positions, range } from '@engine/graph/shapes'
import { onnxFloat } from '../builder'
import { fromLayout, inLayout, layoutOf } from './layout'
import type { Emission, Lowerings } from './lowering'

export const pooling: Lowerings<'maxPool2d' | 'maxPool2dGrad'> = {
  maxPool2d: ({ inputs: [x], attrs, output }, emission) => {
    const layout = layoutOf(x, emission)
    const maximum = windowsOf(x, attrs, emission).maximum()
    return layout === undefined ? maximum : fromLayout(output, layout, maximum, emission)
  },

  // The error of a window goes down the row-major list of its cells until one of them takes it.
  maxPool2dGrad: ({ inputs: [x, delta], attrs, output }, emission) => {
    const { builder, tensor } = emission
    const { size, stride } = attrs
    const [n, c, h, w] = x.shape
    const [rows, cols] = delta.shape.slice(2)
    const layout = layoutOf(x, emission)
    const { cell, maximum } = windowsOf(x, attrs, emission)
    // position of the rows among the axes, and the axes around rows and columns
    const at = layout === undefined ? 2 : 1
    const [before, after] = layout === undefined ? [[n, c], []] : [[x.shape[layout[0]]], [x.shape[layout[3]]]]
    let remaining = layout === undefined ? tensor(delta) : inLayout(delta, layout, emission)
    const lines: string[] = []
    for (let i = 0; i < size[0]; i++) {
      const cells: string[] = []
      for (let j = 0; j < size[1]; j++) {
        let share = remaining
        if (i + 1 < size[0] || j + 1 < size[1]) {
          // 0 or 1: cheaper to multiply with than to choose by
          const isMaximum = builder.node('Cast', [builder.node('Equal', [cell(i, j), maximum()])], { to: onnxFloat })
          share = builder.node('Mul', [remaining, isMaximum])
          remaining = builder.node('Sub', [remaining, share])
        }
        cells.push(builder.node('Reshape', [share, builder.integers([...before, rows, 1, cols, 1, ...after])]))
      }
      lines.push(widened(builder.node('Concat', cells, { axis: at + 3 }), 6, { [at + 3]: stride[1] - size[1] }))
    }
    const stacked = widened(builder.node('Concat', lines, { axis: at + 1 }), 6, { [at + 1]: stride[0] - size[0] })
    const covered = [rows * stride[0], cols * stride[1]]
    const joined = builder.node('Reshape', [stacked, builder.integers([...before, ...covered, ...after])])
    const fitted = widened(joined, 4, { [at]: h - covered[0], [at + 1]: w - covered[1] })
    return layout === undefined ? fitted : fromLayout(output, layout, fitted, emission)

    /** Adds zeros at the ends of axes, for gaps between and behind windows; ONNX pads may be negative, and cut. */
    function widened(name: string, rank: number, by: Readonly<Record<number, number>>): string {
      const ends = range(rank).map((axis) => by[axis] ?? 0)
      if (ends.every((count) => count === 0)) return name
      return builder.node('Pad', [name, builder.integers([...ends.map(() => 0), ...ends])])
    }
  },
}

const pooled = (x: Value, { size, stride }: Pooling, { builder, tensor }: Emission): string =>
  builder.node('MaxPool', [tensor(x)], { kernel_shape: size, strides: stride })

/** The cells (i, j) of all windows, and their maximum, in the layout that x has. */
function windowsOf(x: Value, { size, stride }: Pooling, emission: Emission) {
  const { builder, tensor } = emission
  const layout = layoutOf(x, emission)
  const places = size.map((length, i) => positions(x.shape[2 + i], length, stride[i], 0))
  const cell = (i: number, j: number): string =>
    builder.node('Slice', [
      layout === undefined ? tensor(x) : inLayout(x, layout, emission),
      builder.integers([i, j]),
      builder.integers([i + (places[0] - 1) * stride[0] + 1, j + (places[1] - 1) * stride[1] + 1]),
      builder.integers(layout === undefined ? [2, 3] : [1, 2]),
      builder.integers(stride),
    ])
  const cells = () => range(size[0]).flatMap((i) => range(size[1]).map((j) => cell(i, j)))
  return { cell, maximum: () => (layout === undefined ? pooled(x, { size, stride }, emission) : builder.node('Max', cells())) }
}
