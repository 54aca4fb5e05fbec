import type { Builder } from '../graph/builder'
import type { Value } from '../graph/ir'

/**
 * Weighted cross-entropy Σᵢ wᵢ·CEᵢ of logits (n × c), a scalar. Row i of `target` (n × c) holds wᵢ at its class and 0 elsewhere, so
 * weights 1/n give the mean and a weight of 0 leaves a row out.
 */
export function crossEntropy(g: Builder, logits: Value, target: Value): Value {
  return g.neg(g.reduceSum(g.mul(g.logSoftmax(logits), target)))
}

/**
 * Prediction entropy of each row of logits, n, in nats. The logarithm counts as constant: its derivative adds Σⱼ pⱼ·∂log pⱼ = 0, and
 * −pⱼ(log pⱼ + H) (A§2.1) stays accurate in float32 for confident rows. First derivatives are exact, second ones are not.
 */
export function entropy(g: Builder, logits: Value): Value {
  const logp = g.logSoftmax(logits)
  return g.neg(g.reduceSum(g.mul(g.exp(logp), g.stopGradient(logp)), [1]))
}
