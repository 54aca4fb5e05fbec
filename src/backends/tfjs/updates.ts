import type { Tensor } from '@tensorflow/tfjs'
import type { Moments, OptimizerRule } from '@engine/nn/executor'
import type { Tensorflow } from './load'

export interface Update {
  /** Replaces every parameter by its next value. Call it inside `tf.tidy`. */
  step(gradientOf: (name: string) => Tensor, learningRate: number): void
  moments(): Promise<Moments | null>
  dispose(): void
}

/** Below these, numbers count as zero: arithmetic on denormals is several times slower. */
const leastGradient = 1e-18
const leastState = 1e-30

/** The optimiser of those `parameters` that are named, with zero state and torch's arithmetic. */
export function createUpdate(
  tf: Tensorflow,
  rule: OptimizerRule,
  parameters: Map<string, Tensor>,
  names: readonly string[],
  rates: readonly number[],
): Update {
  const states = new Map(
    names.map((name) => [name, Array.from({ length: rule.type === 'sgd' ? 1 : 2 }, () => tf.zerosLike(parameters.get(name) as Tensor))]),
  )
  let steps = 0

  const flush = (value: Tensor, least: number): Tensor => tf.mul(value, tf.cast(tf.greaterEqual(tf.abs(value), least), 'float32'))
  const decayed = (gradient: Tensor, p: Tensor, decay: number): Tensor => {
    const g = flush(gradient, leastGradient)
    return decay === 0 ? g : tf.add(g, tf.mul(p, decay))
  }

  /** The next parameter and its next state. */
  function next(p: Tensor, gradient: Tensor, state: readonly Tensor[], rate: number): readonly [Tensor, ...Tensor[]] {
    if (rule.type === 'sgd') {
      const { momentum, nesterov, weightDecay } = rule
      const g = decayed(gradient, p, weightDecay)
      const velocity = flush(tf.add(tf.mul(state[0], momentum), g), leastState)
      const direction = nesterov ? tf.add(g, tf.mul(velocity, momentum)) : velocity
      return [tf.sub(p, tf.mul(direction, rate)), velocity]
    }
    const { beta1, beta2, epsilon, weightDecay } = rule
    const coupled = rule.type === 'adam'
    const g = decayed(gradient, p, coupled ? weightDecay : 0)
    const m = flush(tf.add(tf.mul(state[0], beta1), tf.mul(g, 1 - beta1)), leastState)
    const v = flush(tf.add(tf.mul(state[1], beta2), tf.mul(tf.square(g), 1 - beta2)), leastState)
    const scale = tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(1 - beta2 ** steps)), epsilon)
    const change = tf.div(tf.mul(m, rate / (1 - beta1 ** steps)), scale)
    return [tf.sub(coupled ? p : tf.mul(p, 1 - rate * weightDecay), change), m, v]
  }

  return {
    step(gradientOf, rate) {
      steps++
      for (const [i, [name, state]] of [...states].entries()) {
        const p = parameters.get(name) as Tensor
        const [parameter, ...moments] = next(p, gradientOf(name), state, rate * (rates[i] ?? 1))
        parameters.set(name, tf.keep(parameter))
        states.set(
          name,
          moments.map((moment) => tf.keep(moment)),
        )
        p.dispose()
        state.forEach((tensor) => tensor.dispose())
      }
    },
    async moments() {
      if (rule.type === 'sgd') return null
      const read = (k: number): Promise<Float32Array[]> =>
        Promise.all([...states.values()].map(async (state) => Float32Array.from(await state[k].data())))
      return { first: await read(0), second: await read(1), step: steps }
    },
    dispose: () => states.forEach((state) => state.forEach((tensor) => tensor.dispose())),
  }
}
