import { type Planners, plain } from './layer'

export const activation: Planners<'relu' | 'tanh' | 'gelu' | 'dropout'> = {
  relu: (_spec, { shape }) => plain(shape, (g, x) => g.relu(x)),
  tanh: (_spec, { shape }) => plain(shape, (g, x) => g.tanh(x)),
  // x·Φ(x), Hendrycks & Gimpel 2016, without approximation
  gelu: (_spec, { shape }) =>
    plain(shape, (g, x) => {
      const phi = g.add(g.erf(g.mul(x, g.constant(Math.SQRT1_2))), g.constant(1))
      return g.mul(g.mul(x, g.constant(0.5)), phi)
    }),
  dropout: ({ rate }, { shape }) => ({
    ...plain(shape, (g, x, _own, { mask }) => (mask === undefined ? x : g.mul(x, mask))),
    keep: 1 - rate,
  }),
}
