import type { Moments, OptimizerRule } from '@engine/nn/executor'
import { weightsBlock, type Block, type ParameterStore } from './store'

export interface Optimizer {
  /** Updates the parameters in place from the gradients in `gradients`. */
  step(gradients: Block, learningRate: number): void
  moments(): Moments | null
  dispose(): void
}

/** Zero state for `rule` beside the parameters of `store`. */
export function createOptimizer(store: ParameterStore, rule: OptimizerRule): Optimizer {
  const state = Array.from({ length: rule.type === 'sgd' ? 1 : 2 }, () => store.acquire())
  const weights = weightsBlock.address
  let steps = 0
  return {
    step(gradients, learningRate) {
      steps++
      const { kernels, trained: length } = store
      if (rule.type === 'sgd') {
        const { momentum, nesterov, weightDecay } = rule
        kernels.sgd(weights, state[0].address, gradients.address, length, learningRate, momentum, nesterov, weightDecay)
        return
      }
      const { beta1, beta2, epsilon, weightDecay } = rule
      // The kernel keeps m/(1 − β₁) and v/(1 − β₂), so that factors and bias corrections are two numbers per step:
      // p ← p − rate·m̂/(√v̂ + ε) = p − (rate·a/b)·m/(√v + ε/b) with m̂ = a·m and √v̂ = b·√v.
      const a = (1 - beta1) / (1 - beta1 ** steps)
      const b = Math.sqrt((1 - beta2) / (1 - beta2 ** steps))
      const coupled = rule.type === 'adam' ? weightDecay : 0
      const shrink = rule.type === 'adamw' ? 1 - learningRate * weightDecay : 1
      const [m, v] = state
      kernels.adam(
        weights,
        m.address,
        v.address,
        gradients.address,
        length,
        beta1,
        beta2,
        (learningRate * a) / b,
        epsilon / b,
        coupled,
        shrink,
      )
    },
    moments() {
      if (rule.type === 'sgd') return null
      const scaled = (block: Block, factor: number): Float32Array[] =>
        store.views(block).flatMap((view, i) => (store.specs[i].buffer === true ? [] : [view.map((value) => value * factor)]))
      return { first: scaled(state[0], 1 - rule.beta1), second: scaled(state[1], 1 - rule.beta2), step: steps }
    },
    dispose: () => state.forEach((block) => store.release(block)),
  }
}
