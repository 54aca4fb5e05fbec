import type { Metric } from './contract'

const bins = 10
/** A confidence this little above an edge counts as on it: exp(log 0.9) is not always 0.9. */
const edge = 1e-9

/** Bin of a confidence: ((b / 10), (b + 1) / 10], closed on the right; 0 belongs to the first. */
export const confidenceBin = (confidence: number): number => Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins - edge) - 1))

/** Expected calibration error over 10 equal-width bins of the largest probability (A§16). */
export const ece: Metric = {
  id: 'ece',
  title: 'Expected calibration error',
  description: 'Share-weighted mean of |accuracy − mean confidence| over 10 equal-width confidence bins, each closed on the right.',
  better: 'lower',
  evaluate({ probabilities: { data, cols }, predicted, labels }) {
    // Σ over bins of share · |accuracy − confidence| = Σ over bins of |Σ (hit − confidence)| / n
    const gaps = new Float64Array(bins)
    for (let i = 0; i < labels.length; i++) {
      const confidence = data[i * cols + predicted[i]]
      gaps[confidenceBin(confidence)] += (predicted[i] === labels[i] ? 1 : 0) - confidence
    }
    return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / labels.length
  },
}
