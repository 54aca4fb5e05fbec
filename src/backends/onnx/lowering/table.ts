import { sizeOf, type Value } from '@engine/graph/ir'
import { onnxInteger } from '../builder'
import type { Emission, Lowerings } from './lowering'

const integers = (ids: Value, { builder, tensor }: Emission): string => builder.node('Cast', [tensor(ids)], { to: onnxInteger })

export const table: Lowerings<'lookup' | 'scatterAdd'> = {
  lookup: ({ inputs: [ids, rows] }, emission) =>
    emission.builder.node('Gather', [emission.tensor(rows), integers(ids, emission)], { axis: 0 }),

  // ScatterElements, unlike ScatterND, adds in one order whatever the number of threads.
  scatterAdd: ({ inputs: [ids, rows], output }, emission) => {
    const { builder, tensor } = emission
    const shape = builder.integers([sizeOf(ids.shape), output.shape[1]])
    const zeros = builder.node('Expand', [builder.scalar(0), builder.integers(output.shape)])
    const column = builder.node('Reshape', [integers(ids, emission), builder.integers([sizeOf(ids.shape), 1])])
    const places = builder.node('Expand', [column, shape])
    const updates = builder.node('Reshape', [tensor(rows), shape])
    return builder.node('ScatterElements', [zeros, places, updates], { axis: 0, reduction: 'add' })
  },
}
