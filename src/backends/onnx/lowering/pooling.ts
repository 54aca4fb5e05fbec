import type { Lowerings } from './lowering'

export const pooling: Lowerings<'maxPool2d' | 'maxPool2dGrad'> = {
  maxPool2d: ({ inputs, attrs }, { builder, tensor }) =>
    builder.node('MaxPool', [tensor(inputs[0])], { kernel_shape: attrs.size, strides: attrs.stride }),

  // The error of a window goes down the row-major list of its cells until one of them takes it.
  maxPool2dGrad: ({ inputs: [x, delta], attrs: { size, stride } }, { builder, tensor }) => {
    const [n, c, h, w] = x.shape
    const [rows, cols] = delta.shape.slice(2)
    const zero = builder.scalar(0)
    const maximum = builder.node('MaxPool', [tensor(x)], { kernel_shape: size, strides: stride })
    let remaining = tensor(delta)
    const lines: string[] = []
    for (let i = 0; i < size[0]; i++) {
      const cells: string[] = []
      for (let j = 0; j < size[1]; j++) {
        let share = remaining
        if (i + 1 < size[0] || j + 1 < size[1]) {
          const ends = [i + (rows - 1) * stride[0] + 1, j + (cols - 1) * stride[1] + 1]
          const cell = builder.node('Slice', [
            tensor(x),
            builder.integers([i, j]),
            builder.integers(ends),
            builder.integers([2, 3]),
            builder.integers(stride),
          ])
          share = builder.node('Where', [builder.node('Equal', [cell, maximum]), remaining, zero])
          remaining = builder.node('Sub', [remaining, share])
        }
        cells.push(builder.node('Reshape', [share, builder.integers([n, c, rows, 1, cols, 1])]))
      }
      lines.push(widened(builder.node('Concat', cells, { axis: 5 }), 5, stride[1] - size[1]))
    }
    const stacked = widened(builder.node('Concat', lines, { axis: 3 }), 3, stride[0] - size[0])
    const covered = [rows * stride[0], cols * stride[1]]
    const joined = builder.node('Reshape', [stacked, builder.integers([n, c, ...covered])])
    return fitted(joined, [h - covered[0], w - covered[1]])

    /** Adds zeros at the end of an axis of a 6-D tensor, for the gap between windows. */
    function widened(name: string, axis: number, by: number): string {
      if (by === 0) return name
      const after = [0, 0, 0, 0, 0, 0].map((_, i) => (i === axis ? by : 0))
      return builder.node('Pad', [name, builder.integers([0, 0, 0, 0, 0, 0, ...after])])
    }

    /** Adds zeros where no window reaches, and cuts the gap behind the last window; ONNX pads may be negative. */
    function fitted(name: string, by: readonly number[]): string {
      if (by[0] === 0 && by[1] === 0) return name
      return builder.node('Pad', [name, builder.integers([0, 0, 0, 0, 0, 0, ...by])])
    }
  },
}
