import type { Moments, OptimizerRule } from '@engine/nn/executor'
import { weightsBlock, type Block, type ParameterStore } from './store'

export interface Optimizer {
  /** Updates the parameters in place from the gradients in `gradients`. */
  step(gradients: Block, learningRate: number): void
  moments(): Moments | null
  dispose(): void
}

/** Neighbouring parameters that are updated as one: bytes from the start of a block, floats, factor of the learning rate. */
interface Span {
  readonly at: number
  readonly length: number
  readonly rate: number
}

function spansOf({ specs, offsets, trained }: ParameterStore, rates: readonly number[]): Span[] {
  const starts = offsets.filter((_, i) => specs[i].buffer !== true)
  const firsts = starts.flatMap((start, i) => (i === 0 || (rates[i] ?? 1) !== (rates[i - 1] ?? 1) ? [{ start, rate: rates[i] ?? 1 }] : []))
  return firsts.map(({ start, rate }, i) => ({
    at: start * Float32Array.BYTES_PER_ELEMENT,
    length: (firsts[i + 1]?.start ?? trained) - start,
    rate,
  }))
}

/** Zero state for `rule` beside the parameters of `store`; `rates` as in `Executor.compileStep`. */
export function createOptimizer(store: ParameterStore, rule: OptimizerRule, rates: readonly number[] = []): Optimizer {
  const spans = spansOf(store, rates)
  const state = Array.from({ length: rule.type === 'sgd' ? 1 : 2 }, () => store.acquire())
  const weights = weightsBlock.address
  let steps = 0
  function update({ at, length }: Span, gradients: number, rate: number): void {
    const { kernels } = store
    if (rule.type === 'sgd') {
      const { momentum, nesterov, weightDecay } = rule
      kernels.sgd(weights + at, state[0].address + at, gradients + at, length, rate, momentum, nesterov, weightDecay)
      return
    }
    const { beta1, beta2, epsilon, weightDecay } = rule
    // The kernel keeps m/(1 − β₁) and v/(1 − β₂), so that factors and bias corrections are two numbers per step:
    // p ← p − rate·m̂/(√v̂ + ε) = p − (rate·a/b)·m/(√v + ε/b) with m̂ = a·m and √v̂ = b·√v.
    const a = (1 - beta1) / (1 - beta1 ** steps)
    const b = Math.sqrt((1 - beta2) / (1 - beta2 ** steps))
    const coupled = rule.type === 'adam' ? weightDecay : 0
    const shrink = rule.type === 'adamw' ? 1 - rate * weightDecay : 1
    const [m, v] = state
    kernels.adam(
      weights + at,
      m.address + at,
      v.address + at,
      gradients + at,
      length,
      beta1,
      beta2,
      (rate * a) / b,
      epsilon / b,
      coupled,
      shrink,
    )
  }
  return {
    step(gradients, learningRate) {
      steps++
      for (const span of spans) update(span, gradients.address, span.rate * learningRate)
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
