import { describe, expect, it } from 'vitest'
import type { Matrix } from '@engine/core/matrix'
import { confidenceBin } from '@engine/metrics/ece'
import { evaluateMetrics, metrics } from '@engine/metrics/registry'
import type { MetricId } from '@engine/study/spec'
import { matrixOf } from '../../support/query'

const logs = (rows: number[][]): Matrix => ({ ...matrixOf(rows), data: matrixOf(rows).data.map(Math.log) })
const evaluate = (id: MetricId, rows: number[][], labels: number[]): number | null =>
  evaluateMetrics(logs(rows), Int32Array.from(labels), rows[0].length, [id])[id]

const rows = [
  [0.7, 0.2, 0.1],
  [0.1, 0.6, 0.3],
  [0.25, 0.5, 0.25],
  [0.4, 0.4, 0.2],
]
const labels = [0, 1, 2, 1]

describe('metrics worked by hand', () => {
  it('accuracy; of equal probabilities the lower class is predicted', () => {
    expect(evaluate('accuracy', rows, labels)).toBe(0.5)
  })

  it('negative log-likelihood', () => {
    expect(evaluate('nll', rows, labels)).toBeCloseTo(-(Math.log(0.7) + Math.log(0.6) + Math.log(0.25) + Math.log(0.4)) / 4, 14)
    expect(evaluate('nll', [[1, 0]], [1])).toBe(Infinity)
  })

  it('macro F1 leaves out a class that is neither true nor predicted, and counts a missed one as 0', () => {
    // predicted 0, 1, 1, 0; true 0, 1, 2, 1: F1 of class 0 is 2/3, of class 1 1/2, of class 2 0
    expect(evaluate('macro_f1', rows, labels)).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 14)
    expect(evaluate('macro_f1', rows.slice(0, 2), [0, 1])).toBe(1)
  })

  it('Brier score', () => {
    const expected =
      0.3 ** 2 + 0.2 ** 2 + 0.1 ** 2 + 0.1 ** 2 + 0.4 ** 2 + 0.3 ** 2 + 0.25 ** 2 + 0.5 ** 2 + 0.75 ** 2 + 0.4 ** 2 + 0.6 ** 2 + 0.2 ** 2
    expect(evaluate('brier', rows, labels)).toBeCloseTo(expected / 4, 14)
  })

  it('expected calibration error (E20)', () => {
    const confidences = [0.95, 0.85, 0.85, 0.65, 0.65, 0.55]
    const correct = [1, 1, 0, 1, 0, 0]
    expect(
      evaluate(
        'ece',
        confidences.map((p) => [p, 1 - p]),
        correct.map((hit) => 1 - hit),
      ),
    ).toBeCloseTo(0.266667, 6)
  })

  it('confidence bins are closed on the right, also through a logarithm', () => {
    expect([0, 0.05, 0.1, 0.1001, 0.3, 0.95, 1].map(confidenceBin)).toEqual([0, 0, 0, 1, 2, 9, 9])
    for (let b = 1; b <= 10; b++) {
      expect(confidenceBin(b / 10)).toBe(b - 1)
      expect(confidenceBin(Math.exp(Math.log(b / 10)))).toBe(b - 1)
    }
  })
})

describe('evaluateMetrics', () => {
  it('gives what was asked for, null without samples', () => {
    const ids = [...metrics.keys()]
    expect(ids).toEqual(['accuracy', 'nll', 'macro_f1', 'ece', 'brier'])
    expect(Object.keys(evaluateMetrics(logs(rows), Int32Array.from(labels), 3, ['ece', 'accuracy']))).toEqual(['ece', 'accuracy'])
    expect(evaluateMetrics({ data: new Float64Array(0), rows: 0, cols: 3 }, new Int32Array(0), 3, ids)).toEqual(
      Object.fromEntries(ids.map((id) => [id, null])),
    )
  })

  it('takes float32 predictions', () => {
    const m = logs(rows)
    const narrow = { ...m, data: Float32Array.from(m.data) }
    const wide = evaluateMetrics(m, Int32Array.from(labels), 3, [...metrics.keys()])
    const values = evaluateMetrics(narrow, Int32Array.from(labels), 3, [...metrics.keys()])
    for (const id of metrics.keys()) expect(values[id]).toBeCloseTo(wide[id] ?? NaN, 6)
  })

  it('refuses what does not fit', () => {
    expect(() => evaluate('accuracy', rows, [0, 1])).toThrow('one label per prediction')
    expect(() => evaluate('accuracy', rows, [0, 1, 2, 3])).toThrow('label 3 of row 3')
    expect(() => evaluate('accuracy', [[0.5, NaN]], [0])).toThrow('row 0')
    expect(() => evaluateMetrics(logs(rows), Int32Array.from(labels), 4, ['nll'])).toThrow('one column per class')
  })
})
