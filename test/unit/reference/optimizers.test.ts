import { createUpdate } from '@backends/reference/optimizers'
import { expect, it } from 'vitest'

// gradient 0.5 then −1 on a weight of 2, learning rate 0.1; worked by hand
const after = (rule: Parameters<typeof createUpdate>[0]): number[] => {
  const weight = Float64Array.of(2)
  const update = createUpdate(rule, 1)
  return [0.5, -1].map((gradient, i) => {
    update.apply(weight, Float64Array.of(gradient), 0.1, i + 1)
    return weight[0]
  })
}

const close = (found: number[], expected: number[]): void => {
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 12)
}

it('SGD: plain, with momentum, with Nesterov momentum, with weight decay', () => {
  const sgd = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const
  close(after(sgd), [1.95, 2.05])
  close(after({ ...sgd, momentum: 0.9 }), [1.95, 1.95 - 0.1 * (0.45 - 1)])
  close(after({ ...sgd, momentum: 0.9, nesterov: true }), [2 - 0.1 * (0.5 + 0.45), 1.905 - 0.1 * (-1 + 0.9 * (0.45 - 1))])
  close(after({ ...sgd, weightDecay: 0.1 }), [2 - 0.1 * 0.7, 1.93 - 0.1 * (-1 + 0.193)])
})

it('Adam: the first step is the learning rate, the second follows the corrected moments', () => {
  const adam = { type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0 } as const
  const m = (0.9 * 0.05 - 0.1) / (1 - 0.81)
  const v = (0.999 * 0.00025 + 0.001) / (1 - 0.998001)
  close(after(adam), [1.9, 1.9 - (0.1 * m) / Math.sqrt(v)])
})

it('Adam puts weight decay in the gradient, AdamW takes it off the weight', () => {
  const rule = { beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0.1 } as const
  expect(after({ ...rule, type: 'adam' })[0]).toBeCloseTo(1.9, 12)
  expect(after({ ...rule, type: 'adamw' })[0]).toBeCloseTo(2 * 0.99 - 0.1, 12)
})

it('flushes what would become denormal', () => {
  const weight = Float64Array.of(1)
  const update = createUpdate({ type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-30, weightDecay: 0 }, 1)
  update.apply(weight, Float64Array.of(1e-19), 0.1, 1)
  expect(weight[0]).toBe(1)
})
