import type { Builder } from '../../graph/builder'
import { type Shape, sizeOf, type Value } from '../../graph/ir'
import { range } from '../../graph/shapes'
import { type LayerParameter, type LayerPass, type Planners, plain } from './layer'

export const normalizationEpsilon = 1e-5
/** share of a batch in the running statistics */
const momentum = 0.1

const scaleAndShift = (name: string, shape: Shape): LayerParameter[] => [
  { name: `${name}.weight`, shape, fill: { type: 'constant', value: 1 } },
  { name: `${name}.bias`, shape, fill: { type: 'constant', value: 0 } },
]

export const normalization: Planners<'batchnorm' | 'layernorm' | 'groupnorm'> = {
  // Ioffe & Szegedy 2015, as torch has it: the biased variance normalises, the unbiased one is remembered
  batchnorm: (_spec, { name, shape }) => {
    const [channels, ...places] = shape
    const perChannel = [channels, ...places.map(() => 1)]
    const buffer = (kind: string, value: number): LayerParameter => ({
      name: `${name}.${kind}`,
      shape: [channels],
      fill: { type: 'constant', value },
      buffer: true,
    })
    return {
      ...plain(shape, (g, x, [scale, shift, runningMean, runningVariance], { training }) => {
        const over = (value: Value) => g.reshape(value, perChannel)
        const batch = training && batchStatistics(g, x, training.rows)
        if (batch && training) {
          const updated = (old: Value, now: Value) => g.add(g.mul(old, g.constant(1 - momentum)), g.mul(now, g.constant(momentum)))
          training.buffers.set(`${name}.running_mean`, updated(runningMean, batch.mean))
          // One number has no spread to remember.
          const several = g.positive(g.sub(batch.count, g.constant(1)))
          const unbiased = g.div(g.mul(batch.variance, batch.count), g.sub(batch.count, several))
          const remembered = g.add(g.mul(several, unbiased), g.mul(g.sub(g.constant(1), several), runningVariance))
          training.buffers.set(`${name}.running_var`, updated(runningVariance, remembered))
        }
        const centred = batch?.centred ?? g.sub(x, over(runningMean))
        const deviation = g.sqrt(g.add(batch?.variance ?? runningVariance, g.constant(normalizationEpsilon)))
        const normalized = g.mul(centred, over(g.div(g.constant(1), deviation)))
        return g.add(g.mul(normalized, over(scale)), over(shift))
      }),
      parameters: [...scaleAndShift(name, [channels]), buffer('running_mean', 0), buffer('running_var', 1)],
    }
  },

  // Ba, Kiros & Hinton 2016, over the last axis
  layernorm: (_spec, { name, shape }) => {
    const width = shape[shape.length - 1]
    return {
      ...plain(shape, (g, x, [scale, shift]) => {
        return g.add(g.mul(standardized(g, x, normalizationEpsilon), scale), shift)
      }),
      parameters: scaleAndShift(name, [width]),
    }
  },

  // Wu & He 2018
  groupnorm: ({ groups, eps = normalizationEpsilon }, { name, shape, refuse }) => {
    const [channels, ...places] = shape
    if (channels % groups !== 0) throw refuse(`channels in ${groups} groups of one size`)
    const perChannel = [channels, ...places.map(() => 1)]
    return {
      ...plain(shape, (g, x, [scale, shift]) => {
        const grouped = g.reshape(x, [x.shape[0], groups, sizeOf(shape) / groups])
        const normalized = g.reshape(standardized(g, grouped, eps), x.shape)
        return g.add(g.mul(normalized, g.reshape(scale, perChannel)), g.reshape(shift, perChannel))
      }),
      parameters: scaleAndShift(name, [channels]),
    }
  },
}

/** x with mean 0 and (biased) variance 1 along its last axis. */
function standardized(g: Builder, x: Value, epsilon: number): Value {
  const axis = x.shape.length - 1
  const mean = (value: Value) => g.mul(g.reduceSum(value, [axis], true), g.constant(1 / x.shape[axis]))
  const centred = g.sub(x, mean(x))
  return g.div(centred, g.sqrt(g.add(mean(g.square(centred)), g.constant(epsilon))))
}

/** Mean and biased variance per channel (c) of the rows that count, how many numbers they come from, and x without the mean. */
function batchStatistics(g: Builder, x: Value, rows: NonNullable<LayerPass['training']>['rows']) {
  const [n, channels, ...places] = x.shape
  const axes = range(places.length).map((axis) => axis + 2)
  const count = g.mul(g.reduceSum(rows), g.constant(sizeOf(places)))
  const weights = g.reshape(g.div(rows, count), [1, n])
  const mean = (value: Value) => g.reshape(g.matmul(weights, g.reduceSum(value, axes)), [channels])
  const center = mean(x)
  const centred = g.sub(x, g.reshape(center, [channels, ...places.map(() => 1)]))
  return { count, mean: center, centred, variance: mean(g.square(centred)) }
}
