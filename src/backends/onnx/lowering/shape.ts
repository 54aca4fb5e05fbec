import type { Lowerings } from './lowering'

type Shaping = 'reshape' | 'transpose' | 'broadcastTo' | 'slice' | 'pad' | 'concat'

export const shaping: Lowerings<Shaping> = {
  reshape: ({ inputs, attrs }, { builder, tensor }) =>
    builder.node('Reshape', [tensor(inputs[0]), builder.integers(attrs.shape)], { allowzero: 1 }),
  transpose: ({ inputs, attrs }, { builder, tensor }) => builder.node('Transpose', [tensor(inputs[0])], { perm: attrs.perm }),
  broadcastTo: ({ inputs, attrs }, { builder, tensor }) => builder.node('Expand', [tensor(inputs[0]), builder.integers(attrs.shape)]),
  slice: ({ inputs, attrs }, { builder, tensor }) =>
    builder.node('Slice', [tensor(inputs[0]), builder.integers(attrs.starts), builder.integers(attrs.ends)]),
  pad: ({ inputs, attrs }, { builder, tensor }) =>
    builder.node('Pad', [tensor(inputs[0]), builder.integers([...attrs.before, ...attrs.after])]),
  concat: ({ inputs, attrs }, { builder, tensor }) => builder.node('Concat', inputs.map(tensor), { axis: attrs.axis }),
}
