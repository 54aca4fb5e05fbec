import type { Builder } from '../../graph/builder'
import type { Value } from '../../graph/ir'
import { affine } from './dense'
import { type Planners, plain } from './layer'

export const attention: Planners<'attention' | 'position' | 'tokens' | 'embedding'> = {
  // Vaswani et al. 2017, self-attention; parameters as in torch's nn.MultiheadAttention
  attention: ({ heads }, { name, shape, refuse }) => {
    const [tokens, width] = shape
    if (shape.length !== 2 || width % heads !== 0) throw refuse(`tokens × width, the width a multiple of ${heads} heads`)
    const fans = { fanIn: width, fanOut: width }
    return {
      ...plain(shape, (g, x, [weightIn, biasIn, weightOut, biasOut]) => {
        const projected = affine(g, x, weightIn, biasIn)
        const part = (i: number) => byHead(g, g.slice(projected, [0, 0, i * width], [x.shape[0], tokens, (i + 1) * width]), heads)
        const [queries, keys, values] = [part(0), part(1), part(2)]
        const scores = g.mul(g.batchMatmul(queries, keys, { transB: true }), g.constant(1 / Math.sqrt(width / heads)))
        const shares = g.exp(g.logSoftmax(g.reshape(scores, [x.shape[0] * heads * tokens, tokens])))
        const mixed = g.batchMatmul(g.reshape(shares, scores.shape), values)
        const joined = g.transpose(g.reshape(mixed, [x.shape[0], heads, tokens, width / heads]), [0, 2, 1, 3])
        return affine(g, g.reshape(joined, x.shape), weightOut, biasOut)
      }),
      parameters: [
        { name: `${name}.in_proj_weight`, shape: [3 * width, width], fill: { type: 'weight', ...fans } },
        { name: `${name}.in_proj_bias`, shape: [3 * width], fill: { type: 'bias', fanIn: width } },
        { name: `${name}.out_proj.weight`, shape: [width, width], fill: { type: 'weight', ...fans } },
        { name: `${name}.out_proj.bias`, shape: [width], fill: { type: 'bias', fanIn: width } },
      ],
      operations: 4 * tokens * width ** 2 + 2 * tokens ** 2 * width,
    }
  },

  // A learned number per token and column.
  position: (_spec, { name, shape, refuse }) => {
    if (shape.length !== 2) throw refuse('tokens × width')
    return {
      ...plain(shape, (g, x, [position]) => g.add(x, position)),
      parameters: [{ name: `${name}.weight`, shape, fill: { type: 'normal', deviation: 0.02 } }],
    }
  },

  // Token numbers come from samples only: what a layer makes is no whole number.
  embedding: ({ rows, width }, { name, shape, refuse }) => {
    if (name !== '0' || shape.length !== 1) throw refuse('token numbers: vectors, and no layer before it')
    return {
      ...plain([...shape, width], (g, ids, [table]) => g.lookup(ids, table)),
      parameters: [{ name: `${name}.weight`, shape: [rows, width], fill: { type: 'normal', deviation: 1 } }],
    }
  },

  // The pixels of a map as tokens, row by row.
  tokens: (_spec, { shape, refuse }) => {
    if (shape.length !== 3) throw refuse('images (channels × height × width)')
    const [channels, height, width] = shape
    return plain([height * width, channels], (g, x) => g.transpose(g.reshape(x, [x.shape[0], channels, height * width]), [0, 2, 1]))
  },
}

/** n × T × d to (n·heads) × T × (d/heads). */
function byHead(g: Builder, x: Value, heads: number): Value {
  const [n, tokens, width] = x.shape
  const split = g.transpose(g.reshape(x, [n, tokens, heads, width / heads]), [0, 2, 1, 3])
  return g.reshape(split, [n * heads, tokens, width / heads])
}
