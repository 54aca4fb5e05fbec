import type { Metric } from './contract'

/** Mean of −log p(true class), in nats; infinite where a true class has probability 0. */
export const nll: Metric = {
  id: 'nll',
  title: 'Negative log-likelihood',
  description: 'Mean of −log p of the true class, in nats.',
  better: 'lower',
  evaluate({ logProbabilities: { data, cols }, labels }) {
    let sum = 0
    for (let i = 0; i < labels.length; i++) sum -= data[i * cols + labels[i]]
    return sum / labels.length
  },
}
