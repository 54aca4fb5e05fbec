import type { Metric } from './contract'

/**
 * Mean F1 over the classes that occur among the labels or the predictions (scikit-learn's rule for `average='macro'`): a class that
 * occurs in neither is left out, one that is never hit counts 0.
 */
export const macroF1: Metric = {
  id: 'macro_f1',
  title: 'Macro F1',
  description: 'Mean F1 over the classes that occur among labels or predictions; a class that is never hit counts 0.',
  better: 'higher',
  evaluate({ predicted, labels, classes }) {
    const hits = new Float64Array(classes)
    // true positives twice, false positives and false negatives once: the denominator of F1 = 2 TP / (2 TP + FP + FN)
    const occurrences = new Float64Array(classes)
    for (let i = 0; i < labels.length; i++) {
      occurrences[labels[i]]++
      occurrences[predicted[i]]++
      if (predicted[i] === labels[i]) hits[labels[i]]++
    }
    let sum = 0
    let present = 0
    for (let c = 0; c < classes; c++) {
      if (occurrences[c] === 0) continue
      sum += (2 * hits[c]) / occurrences[c]
      present++
    }
    return sum / present
  },
}
