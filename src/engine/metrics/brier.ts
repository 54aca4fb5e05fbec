import type { Metric } from './contract'

/** Mean over samples of the sum over classes of (p − onehot)², in [0, 2]. */
export const brier: Metric = {
  id: 'brier',
  title: 'Brier score',
  description: 'Mean over samples of the sum over classes of (p − 1 for the true class, p otherwise)².',
  better: 'lower',
  evaluate({ probabilities: { data, cols }, labels }) {
    let sum = 0
    for (let i = 0; i < labels.length; i++) for (let c = 0; c < cols; c++) sum += (data[i * cols + c] - (c === labels[i] ? 1 : 0)) ** 2
    return sum / labels.length
  },
}
