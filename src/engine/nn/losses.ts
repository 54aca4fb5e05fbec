import type { Builder } from '../graph/builder'
import type { Value } from '../graph/ir'

/**
 * Weighted cross-entropy Σᵢ wᵢ·CEᵢ of logits (n × c), a scalar. Row i of `target` (n × c) holds wᵢ at its class and 0 elsewhere, so
 * weights 1/n give the mean and a weight of 0 leaves a row out.
 */
export function crossEntropy(g: Builder, logits: Value, target: Value): Value {
  return g.neg(g.reduceSum(g.mul(g.logSoftmax(logits), target)))
}

/** Cross-entropy of each row of logits (n × c), n; `labels` holds 1 at each row's class, and only zeros in rows whose loss is 0. */
export function crossEntropies(g: Builder, logits: Value, labels: Value): Value {
  return g.neg(g.reduceSum(g.mul(g.logSoftmax(logits), labels), [1]))
}

/**
 * Σ wᵢ·max(0, ξ − sᵢ·(difference of the pair's predictions)), a scalar, with s = 1 where the pair's first loss is the larger one and
 * −1 elsewhere, a tie included (Yoo & Kweon 2019; A§7.2). Row i of `pairs` (m × n) holds 1 at a pair's first sample and −1 at its
 * second; `weights` (m) is 1/pairs, and 0 where there is none. `losses` (n) counts as constant.
 */
export function rankingLoss(g: Builder, predicted: Value, losses: Value, pairs: Value, weights: Value, xi: number): Value {
  const [m, n] = pairs.shape
  const differences = (values: Value): Value => g.reshape(g.matmul(pairs, g.reshape(values, [n, 1])), [m])
  const sign = g.sub(g.mul(g.positive(differences(g.stopGradient(losses))), g.constant(2)), g.constant(1))
  const terms = g.relu(g.sub(g.constant(xi), g.mul(sign, differences(predicted))))
  return g.reduceSum(g.mul(terms, weights))
}

/** Σ wᵢ·(predictedᵢ − lossᵢ)², a scalar; `losses` (n) counts as constant. */
export function squaredLoss(g: Builder, predicted: Value, losses: Value, weights: Value): Value {
  return g.reduceSum(g.mul(g.square(g.sub(predicted, g.stopGradient(losses))), weights))
}

/**
 * Prediction entropy of each row of logits, n, in nats. The logarithm counts as constant: its derivative adds Σⱼ pⱼ·∂log pⱼ = 0, and
 * −pⱼ(log pⱼ + H) (A§2.1) stays accurate in float32 for confident rows. First derivatives are exact, second ones are not.
 */
export function entropy(g: Builder, logits: Value): Value {
  const logp = g.logSoftmax(logits)
  return g.neg(g.reduceSum(g.mul(g.exp(logp), g.stopGradient(logp)), [1]))
}
