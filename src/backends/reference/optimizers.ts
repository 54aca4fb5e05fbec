import type { FloatArray } from '@engine/core/matrix'
import type { OptimizerRule } from '@engine/nn/executor'

/** One parameter's update. */
export interface Update {
  /** Changes the parameter in place; `step` counts from 1. */
  readonly apply: (parameter: FloatArray, gradient: FloatArray, learningRate: number, step: number) => void
  /** Adam's first and second moments */
  readonly moments?: readonly [FloatArray, FloatArray]
}

/** Gradients and moments below these are 0: denormal numbers would slow every machine down and make them differ. */
const gradientFloor = 1e-18
const momentFloor = 1e-30

const flushed = (value: number, floor: number): number => (Math.abs(value) < floor ? 0 : value)

/** The update rule of one parameter of `size` numbers, with its own zero state; the arithmetic follows torch.optim. */
export function createUpdate(rule: OptimizerRule, size: number): Update {
  return rule.type === 'sgd' ? sgd(rule, size) : adam(rule, size)
}

function sgd({ momentum, nesterov, weightDecay }: Extract<OptimizerRule, { type: 'sgd' }>, size: number): Update {
  const velocity = new Float64Array(momentum === 0 ? 0 : size)
  const apply: Update['apply'] = (parameter, gradient, learningRate) => {
    for (let i = 0; i < size; i++) {
      const g = flushed(gradient[i], gradientFloor) + weightDecay * parameter[i]
      if (momentum === 0) parameter[i] -= learningRate * g
      else {
        velocity[i] = flushed(momentum * velocity[i] + g, momentFloor)
        parameter[i] -= learningRate * (nesterov ? g + momentum * velocity[i] : velocity[i])
      }
    }
  }
  return { apply }
}

function adam(rule: Extract<OptimizerRule, { type: 'adam' | 'adamw' }>, size: number): Update {
  const { beta1, beta2, epsilon, weightDecay } = rule
  const first = new Float64Array(size)
  const second = new Float64Array(size)
  const inGradient = rule.type === 'adam' ? weightDecay : 0
  const decoupled = rule.type === 'adamw' ? weightDecay : 0
  const apply: Update['apply'] = (parameter, gradient, learningRate, step) => {
    const rate = learningRate / (1 - beta1 ** step)
    const correction = Math.sqrt(1 - beta2 ** step)
    const keep = 1 - learningRate * decoupled
    for (let i = 0; i < size; i++) {
      const g = flushed(gradient[i], gradientFloor) + inGradient * parameter[i]
      const m = flushed(beta1 * first[i] + (1 - beta1) * g, momentFloor)
      const v = flushed(beta2 * second[i] + (1 - beta2) * g * g, momentFloor)
      first[i] = m
      second[i] = v
      parameter[i] = parameter[i] * keep - (rate * m) / (Math.sqrt(v) / correction + epsilon)
    }
  }
  return { apply, moments: [first, second] }
}
