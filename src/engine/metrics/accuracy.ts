import type { Metric } from './contract'

/** Fraction of samples whose most probable class is the true one. */
export const accuracy: Metric = {
  id: 'accuracy',
  title: 'Accuracy',
  description: 'Fraction of samples whose most probable class is the true one; of equally probable classes the lower counts.',
  better: 'higher',
  evaluate({ predicted, labels }) {
    let hits = 0
    for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) hits++
    return hits / labels.length
  },
}
